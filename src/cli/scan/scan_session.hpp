// The event loop of a scan, and what wakes it besides the scan itself: signals and a clock.
//
// Happy path: watch() starts the clock and the signals; run() runs the loop while the scan works on it; the scan's end
// calls unwatch(), which lets run() return.
//
// What goes wrong:
//   - a handle can't be created: CannotRun from watch(); the destructor closes those that were
//   - SIGINT, SIGTERM or SIGHUP: on_interrupt(), once; a second one ends the process (terminal/ending_signals.hpp)
//   - an error ends the command between watch() and run(): the destructor closes everything
#pragma once

#include <uv.h>

#include <array>
#include <csignal>

#include "cli/system/event_loop.hpp"
#include "cli/terminal/key_watch.hpp"

namespace portloop {

class ScanSession {
 public:
  /// Called from the loop.
  class Events {
   public:
    virtual void on_interrupt() = 0;
    virtual void on_status_request() = 0;  ///< SIGUSR1, SIGINFO if the system has it, or a key.
    virtual void on_tick() = 0;            ///< Five times a second.

   protected:
    ~Events() = default;
  };

  ScanSession() = default;
  ~ScanSession() { unwatch(); }

  uv_loop_t* loop() { return loop_.get(); }
  /// Until unwatch(). `events` outlives that. Throws CannotRun.
  void watch(Events& events);
  /// After watch(): keys of the terminal request the status, too. Does nothing unless standard input and output are
  /// terminals: otherwise, another program may be reading the keys.
  void watch_keys();
  /// Closes the handles of watch(), so that run() can return.
  void unwatch();
  /// Returns after unwatch(), when everything on the loop is closed.
  void run() { loop_.run(); }

 private:
  static constexpr auto status_numbers = std::to_array<int>({
      SIGUSR1,
#ifdef SIGINFO
      SIGINFO,
#endif
  });

  EventLoop loop_;
  KeyWatch keys_;
  uv_timer_t clock_{};
  uv_async_t ending_{};
  std::array<uv_signal_t, status_numbers.size()> status_signals_{};
};

}  // namespace portloop
