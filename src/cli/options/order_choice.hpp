// The order in which probes are made, as --order and --seed choose it.
#pragma once

#include <cstdint>

#include "core/probe_order.hpp"

namespace portloop {

struct OrderChoice {
  Order order = Order::random;
  uint64_t seed = 0;
  bool seed_given = false;  ///< Otherwise `seed` is random.
};

}  // namespace portloop
