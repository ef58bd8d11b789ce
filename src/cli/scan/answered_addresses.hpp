// Addresses of a target set with something in common, such as that they have answered discovery.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "core/probe_result.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// One bit per address, in blocks of 4,096. Only blocks with an answer take memory: a /8 takes 2.5 MB at most.
class AnsweredAddresses {
 public:
  /// `targets` outlives this object.
  explicit AnsweredAddresses(const TargetSet& targets) : targets_(targets) {}

  /// Returns whether a result shows that a host is there: open, closed, or an ICMP error that hosts and their firewalls
  /// send. Silence and a router's "unreachable" do not. Unknown counts as a host, so that the scan itself reports it.
  static bool shows_host(PortState state, Reason reason);

  /// Returns whether it is new.
  bool add(const Address& address);
  bool contains(const Address& address) const;
  /// All of `addresses` that are targets.
  void add(const TargetSet& addresses);
  uint64_t count() const { return count_; }
  TargetSet as_targets() const;

 private:
  static constexpr uint64_t block_bits = 4096;
  const TargetSet& targets_;
  std::map<uint64_t, std::array<uint64_t, block_bits / 64>> blocks_;  // by index / block_bits
  uint64_t count_ = 0;
};

}  // namespace portloop
