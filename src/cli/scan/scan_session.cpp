#include "cli/scan/scan_session.hpp"

#include <unistd.h>

#include <string>

#include "cli/exit_status.hpp"
#include "cli/terminal/ending_signals.hpp"

namespace portloop {
namespace {

constexpr uint64_t tick_ms = 200;

void check(int error, const char* what) {
  if (error != 0) throw CannotRun(std::string(what) + ": " + uv_strerror(error));
}

ScanSession::Events& events_of(void* data) { return *static_cast<ScanSession::Events*>(data); }

template <class Handle>
uv_handle_t* base(Handle& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

}  // namespace

/// None of these handles keeps the loop alive: if an error ends the command, nothing would close them.
void ScanSession::watch(Events& events) {
  loop()->data = this;
  std::signal(SIGPIPE, SIG_IGN);  // if the reader is gone, write() then returns an error
  check(uv_async_init(loop(), &ending_, [](uv_async_t* async) { events_of(async->data).on_interrupt(); }),
        "signals can't be watched");
  ending_.data = &events;
  uv_unref(base(ending_));
  watch_ending_signals(&ending_);
  for (size_t i = 0; i < status_signals_.size(); ++i) {
    uv_signal_t& signal = status_signals_[i];
    check(uv_signal_init(loop(), &signal), "signals can't be watched");
    signal.data = &events;
    uv_signal_start(
        &signal, [](uv_signal_t* handle, int) { events_of(handle->data).on_status_request(); }, status_numbers[i]);
    uv_unref(base(signal));
  }
  check(uv_timer_init(loop(), &clock_), "a timer can't be created");
  clock_.data = &events;
  uv_timer_start(
      &clock_,
      [](uv_timer_t* timer) {
        auto* self = static_cast<ScanSession*>(timer->loop->data);
        self->keys_.resume();
        events_of(timer->data).on_tick();
      },
      tick_ms, tick_ms);
  uv_unref(base(clock_));
}

void ScanSession::watch_keys() {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) return;
  keys_.start(loop(), [this] { events_of(clock_.data).on_status_request(); });
}

void ScanSession::unwatch() {
  keys_.stop();
  unwatch_ending_signals();
  const auto close = [](uv_handle_t* handle) {
    const bool initialised = handle->loop != nullptr;
    if (initialised && !uv_is_closing(handle)) uv_close(handle, nullptr);
  };
  close(base(clock_));
  close(base(ending_));
  for (uv_signal_t& signal : status_signals_) close(base(signal));
}

}  // namespace portloop
