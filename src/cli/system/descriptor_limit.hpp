// How many descriptors, and so connects, this process may have.
#pragma once

#include <cstdint>

namespace portloop {

/// Raises the soft limit of open files to the hard one. Answers how many descriptors are free for sockets
/// when `loops` loops have what they need.
uint32_t raise_descriptor_limit(uint32_t loops);

/// The default for connects in flight: what the descriptors and the kernel's TCP memory allow.
uint32_t default_in_flight(uint32_t free_descriptors);

}  // namespace portloop
