// The times at which everything on a path is lost: bursts of loss, and an outage.
#pragma once

#include <cstdint>

#include "lab/profile.hpp"

namespace portloop::lab {

/// True if packets of `region` are lost `since_first_ns` after the first packet that the network has seen. A pure
/// function: bursts of one period are the same for all regions, as if they shared the path.
bool interrupted(const Region& region, uint64_t luck_seed, uint64_t since_first_ns);

}  // namespace portloop::lab
