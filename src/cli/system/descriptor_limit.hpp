// How many descriptors this process may have, and so how many connects in flight.
#pragma once

#include <cstdint>

namespace portloop {

/// Raises the soft limit of open files to the hard one. Returns how many descriptors are left for sockets when `loops`
/// loops have theirs.
uint32_t raise_descriptor_limit(uint32_t loops);

/// The default for --in-flight: what the descriptors and the kernel's TCP memory allow.
uint32_t default_in_flight(uint32_t free_descriptors);

}  // namespace portloop
