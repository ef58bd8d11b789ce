// --discover: which addresses answer anything at all, found out on a few ports before the scan itself.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "core/probe_result.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// What is asked to find out: ports that most machines leave open, or that most firewalls refuse rather than
/// drop, of web, remote and file services on Unix and Windows; 40125 is one that nobody uses, whose RST tells of
/// a machine that has none of them.
inline constexpr const char* discovery_ports = "22,80,443,445,3389,8080,40125";

/// The addresses of a target set that have answered: one bit each, kept in blocks of 4,096 of which only those
/// with an answer take memory, so that a /8 takes 2.5 MB at most.
class AnsweredAddresses {
 public:
  /// `targets` outlives this.
  explicit AnsweredAddresses(const TargetSet& targets);

  /// Whether this result shows that somebody is there, or leaves it open: an answer of the host itself (open,
  /// closed, or an ICMP error that hosts and their firewalls send), or unknown, which the scan is to say again.
  /// A router's "unreachable" and silence do not.
  static bool tells_of_a_host(const ProbeResult& result);

  void add(const Address& address);
  uint64_t count() const { return count_; }
  TargetSet as_targets() const;

 private:
  uint64_t index_of(const Address& address) const;

  static constexpr uint64_t block_bits = 4096;
  const TargetSet& targets_;
  std::vector<uint64_t> first_index_;  // of each of the target set's ranges
  std::map<uint64_t, std::array<uint64_t, block_bits / 64>> blocks_;
  uint64_t count_ = 0;
};

}  // namespace portloop
