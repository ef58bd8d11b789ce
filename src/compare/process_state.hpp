// What the system says about this process: asked at rare moments, never for each probe.
#pragma once

#include <cstdint>

namespace portloop::compare {

uint64_t threads_of_this_process();
uint64_t descriptors_of_this_process();
/// The most resident memory that this program has had since it was executed. getrusage()'s ru_maxrss would
/// count the memory of the process that started it, too.
uint64_t most_resident_kib();

}  // namespace portloop::compare
