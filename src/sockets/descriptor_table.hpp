// The size of the process's table of descriptors.
#pragma once

#include <cstdint>

namespace portloop {

/// Makes room for `descriptors` more of them at once, or for as many as the limit allows. Call it before the first
/// thread is started: the kernel doubles the table when it is full, and in a process with several threads each doubling
/// waits for an RCU grace period (expand_fdtable() in fs/file.c), during which a socket() takes up to 20 ms. If
/// that fails, nothing is lost but time. Does nothing on other systems than Linux.
void grow_descriptor_table(uint64_t descriptors);

}  // namespace portloop
