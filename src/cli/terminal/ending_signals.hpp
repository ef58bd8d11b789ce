// SIGINT, SIGTERM and SIGHUP: the first one wakes the loop, which ends the command in order; the second one ends the
// process.
//
// The second one must not depend on the event loop, which may be blocked in a write() to a pipe that nobody reads.
#pragma once

#include <uv.h>

#include <csignal>

namespace portloop {

/// From now on the first SIGINT, SIGTERM or SIGHUP calls uv_async_send(on_signal), and the second one has its default
/// action, except SIGHUP, and one that a process sends within 0.2 s of the first: timeout(1) and programs that forward
/// a Ctrl-C send the same signal twice. `on_signal` must be initialised. To be called once per process. A signal that
/// was ignored when the program started (nohup) stays ignored.
void watch_ending_signals(uv_async_t* on_signal);

/// The same for a command without an event loop: the first signal sets `flag`.
void watch_ending_signals(volatile std::sig_atomic_t* flag);

/// After this, `on_signal` may be closed: no signal uses it any more. A first signal then has its default action.
void unwatch_ending_signals();

}  // namespace portloop
