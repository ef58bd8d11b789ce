// How the maximum in flight is divided between connects and connections whose banner is being read.
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop {

/// A quarter of the maximum in flight is reserved for connections whose banner is being read.
inline uint32_t share_of_connects(bool banners, uint32_t max_in_flight) {
  return banners ? std::max(1U, max_in_flight / 4 * 3) : max_in_flight;
}
inline uint32_t share_of_banners(uint32_t max_in_flight) { return std::max(1U, max_in_flight / 4); }

}  // namespace portloop
