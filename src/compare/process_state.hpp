// Counters of this process and its network from /proc. Read rarely, never for each probe.
#pragma once

#include <cstdint>

namespace portloop::compare {

/// The number of open descriptors. Cheap since Linux 6.2; older kernels have to list them.
uint64_t descriptors_of_this_process();
/// The peak resident memory since this program was executed. (getrusage()'s ru_maxrss includes that of the process that
/// forked it.)
uint64_t peak_resident_kib();

/// Packets that the devices of this network namespace dropped instead of sending, since the devices were created. In
/// the lab's network these are the packets that the lab was too slow to take.
uint64_t packets_dropped_by_devices();

}  // namespace portloop::compare
