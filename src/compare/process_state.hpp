// What the system says about this process and its network: asked at rare moments, never for each probe.
#pragma once

#include <cstdint>

namespace portloop::compare {

/// Cheap from Linux 6.2 on; before that they are listed.
uint64_t descriptors_of_this_process();
/// The most resident memory that this program has had since it was executed. getrusage()'s ru_maxrss would
/// count the memory of the process that started it, too.
uint64_t peak_resident_kib();

/// Packets that this network's devices dropped instead of sending, since they were made. In the lab's network
/// they are those that the lab was too slow to take.
uint64_t packets_dropped_by_devices();

}  // namespace portloop::compare
