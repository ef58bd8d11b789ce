// The addresses that were asked last: if the nearest of them has lost its route, another one's lack of a route is no
// property of that address, but an outage of this machine.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "core/target_set.hpp"

namespace portloop {

class RecentTargets {
 public:
  void add(const Address& address) { recent_[added_++ % recent_.size()] = address; }

  /// The one that shares the longest prefix with `address`; nullopt if none is of its family and zone.
  std::optional<Address> nearest(const Address& address) const {
    std::optional<Address> nearest;
    for (size_t i = 0; i < recent_.size() && i < added_; ++i) {
      const Address& other = recent_[i];
      if (other.family != address.family || other.zone != address.zone) continue;
      if (!nearest || (other.value ^ address.value) < (nearest->value ^ address.value)) nearest = other;
    }
    return nearest;
  }

 private:
  std::array<Address, 16> recent_{};
  uint64_t added_ = 0;
};

}  // namespace portloop
