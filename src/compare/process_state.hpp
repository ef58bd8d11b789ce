// Counters of this process from /proc. Read rarely, never for each probe.
#pragma once

#include <cstdint>

namespace portloop::compare {

/// The number of open descriptors. Cheap since Linux 6.2; older kernels have to list them.
uint64_t descriptors_of_this_process();
/// The peak resident memory since this program was executed. (getrusage()'s ru_maxrss includes that of the process that
/// forked it.)
uint64_t peak_resident_kib();

/// How long this process's first thread has been ready to run but without a processor, from /proc/self/schedstat. 0 if
/// the kernel does not count it.
uint64_t run_delay_us();

}  // namespace portloop::compare
