// Calls the caller back at an interval while a scan runs.
#pragma once

#include <functional>
#include <utility>

#include "engine/loop_turn.hpp"
#include "engine/owned_handle.hpp"
#include "portloop/portloop.h"

namespace portloop {

/// Not thread-safe.
class ProgressTimer {
 public:
  explicit ProgressTimer(portloop_scan* scan) : scan_(scan) {}

  /// `callback` may be nullptr: no calls.
  void set(portloop_progress_cb callback, uint32_t interval_ms) {
    callback_ = callback;
    interval_ms_ = interval_ms;
  }

  /// The timer never keeps the loop alive: the running scan does, if it is referenced.
  void start(uv_loop_t* loop, const LoopTurn& turn) {
    if (callback_ == nullptr) return;
    turn_ = &turn;
    timer_.owner = this;
    uv_timer_init(loop, timer_.get());
    uv_unref(timer_.any());
    is_open_ = true;
    uv_timer_start(
        timer_.get(), [](uv_timer_t* timer) { decltype(timer_)::owner_of(timer).on_interval(); }, interval_ms_,
        interval_ms_);
  }

  void stop() {
    if (is_open_) uv_timer_stop(timer_.get());
  }

  /// Returns false if there is nothing to close; otherwise `on_closed` is called from the loop.
  bool close(std::function<void()> on_closed) {
    if (!std::exchange(is_open_, false)) return false;
    on_closed_ = std::move(on_closed);
    uv_close(timer_.any(), [](uv_handle_t* handle) {
      const std::function<void()> closed = std::move(decltype(timer_)::owner_of(handle).on_closed_);
      closed();  // may delete this object
    });
    return true;
  }

 private:
  void on_interval() noexcept {
    if (!turn_->is_forked()) callback_(scan_);
  }

  portloop_scan* scan_;
  portloop_progress_cb callback_ = nullptr;
  uint32_t interval_ms_ = 0;
  const LoopTurn* turn_ = nullptr;
  OwnedHandle<uv_timer_t, ProgressTimer> timer_;
  bool is_open_ = false;
  std::function<void()> on_closed_;
};

}  // namespace portloop
