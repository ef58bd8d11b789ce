// SIGINT and SIGTERM: the first one asks for an end, the second one is the end, whatever the program does then.
//
// The second one must not need the event loop: that may be in a write() to a pipe that nobody reads.
#pragma once

#include <uv.h>

namespace portloop {

/// From now on the first SIGINT or SIGTERM wakes `on_signal`'s loop through it, and both get their default
/// action back; uv_async_send() is all that the handler calls, and that may be called from one. Once a process;
/// `on_signal` is initialised. A signal that was ignored when the program started (nohup) stays ignored.
void watch_ending_signals(uv_async_t* on_signal);

/// The default actions again; after this `on_signal` may be closed.
void unwatch_ending_signals();

}  // namespace portloop
