// Keeps the kernel's retransmission timers of pending connects from expiring all at once.
//
// A connect arms its socket's timer for a second. There the kernel's timer wheel is coarse: with 250 ticks a second,
// all timers of 32 ms expire in one go, about 0.6 us each, and the loop is held meanwhile. A recycled socket keeps its
// timer, so that this also happens to connects that ended long before.
#pragma once

#include <cstdint>

namespace portloop {

/// Counts the sockets whose timers were armed in the current 32 ms. Not thread-safe.
class StartSpread {
 public:
  /// Whether no further socket should be started before wait_us() is over.
  bool is_full(uint64_t now_us) const { return now_us / window_us == window_ && sockets_ >= max_sockets; }
  uint64_t wait_us(uint64_t now_us) const { return window_us - now_us % window_us; }

  /// A connect was started, on a socket that was started at `before_us` last. Its timer was moved, if that was in the
  /// same window: then it counts once.
  void started(uint64_t before_us, uint64_t now_us) {
    if (now_us / window_us != window_) {
      window_ = now_us / window_us;
      sockets_ = 0;
    }
    if (before_us / window_us != window_) ++sockets_;
  }

 private:
  static constexpr uint64_t window_us = 32'000;
  static constexpr uint32_t max_sockets = 1'500;

  uint64_t window_ = 0;
  uint32_t sockets_ = 0;
};

}  // namespace portloop
