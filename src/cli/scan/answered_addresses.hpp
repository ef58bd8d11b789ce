// Addresses with something in common, such as that they have answered discovery.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "core/probe_result.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// A bit for each address, in blocks of 256. Only blocks with one of them take memory, about 100 bytes each: 7 MB for
/// all of a /8.
class AnsweredAddresses {
 public:
  /// Returns whether a result shows that a host is there: open, closed, or an ICMP error that hosts and their firewalls
  /// send. Silence and a router's "unreachable" do not. Unknown counts as a host, so that the scan itself reports it.
  static bool shows_host(PortState state, Reason reason);

  /// Returns whether it is new.
  bool add(const Address& address);
  void add(const TargetSet& addresses);
  bool contains(const Address& address) const;
  uint64_t count() const { return count_; }
  TargetSet as_targets() const;

 private:
  static constexpr uint32_t block_bits = 256;
  using Block = std::array<uint64_t, block_bits / 64>;

  static uint32_t bit_of(const Address& address) { return static_cast<uint32_t>(address.value) % block_bits; }
  static Address block_of(Address address) {
    address.value -= bit_of(address);
    return address;
  }

  std::map<Address, Block> blocks_;  // by the first address
  uint64_t count_ = 0;
};

}  // namespace portloop
