// What a scan knows of this machine's own links when it starts: which targets have no router in between, which
// neighbours the system knows already, and through which gateways the other targets are reached.
#pragma once

#include <cstdint>
#include <vector>

#include "core/target_set.hpp"

namespace portloop {

/// A neighbour that has an entry in the system's table.
struct KnownNeighbour {
  Address address;
  /// The system has heard of it lately. Otherwise the entry is an old one: it is used, and checked 5 s later.
  bool is_confirmed = true;
  uint64_t link_address = 0;  ///< Of its network card. 0: not known.
};

/// Targets that are reached through one gateway.
struct GatewayRange {
  AddressRange range;
  Address gateway;
};

/// Immutable while the scan runs.
struct OwnLinks {
  bool are_known = false;              ///< The system has reported them.
  std::vector<AddressRange> on_link;   ///< Sorted and disjoint.
  std::vector<AddressRange> own;       ///< This machine's addresses. Sorted and disjoint.
  std::vector<GatewayRange> gateways;  ///< Sorted and disjoint; not those that were confirmed when the scan started.
  std::vector<KnownNeighbour> known;   ///< Sorted by address.
  uint64_t resolve_us = 3'000'000;     ///< How long the kernel looks for a neighbour.
  uint64_t confirm_us = 8'000'000;     ///< How long it uses an old entry before it finds that the neighbour is gone.

  /// When the kernel asks for a neighbour for the last time: it sends three requests, at equal intervals.
  uint64_t last_request_us() const { return resolve_us / 3 * 2; }
  bool contains(const Address& address) const;
  /// Whether `address` is this machine's own: its answers show nothing of any path.
  bool is_own(const Address& address) const;
  /// nullptr if there is none, or if it need not be watched.
  const Address* gateway_of(const Address& address) const;
  /// Whether the scan depends on what the system reports of its neighbours.
  bool need_watching() const { return !on_link.empty() || !gateways.empty(); }
  /// How long a probe waits for news of its neighbour.
  uint64_t wait_us() const { return resolve_us + 500'000; }
};

}  // namespace portloop
