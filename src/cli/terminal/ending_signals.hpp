// SIGINT and SIGTERM: the first one asks for an end, the second one is the end, whatever the program does then.
//
// The second one must not need the event loop: that may be in a write() to a pipe that nobody reads.
#pragma once

#include <uv.h>

namespace portloop {

/// From now on the first SIGINT or SIGTERM wakes `on_signal`'s loop through it, and the second one has its default
/// action, but for one that a process sends within 0.2 s of the first: timeout(1) and programs that pass a Ctrl-C on
/// say the same thing twice. uv_async_send() is all that the handler does, and that may be called from one. Once a
/// process; `on_signal` is initialised. A signal that was ignored when the program started (nohup) stays ignored.
void watch_ending_signals(uv_async_t* on_signal);

/// No loop is woken any more: after this `on_signal` may be closed. A first signal has its default action then.
void unwatch_ending_signals();

}  // namespace portloop
