// Any key shows the status: reads the terminal's keys while a scan runs.
//
// Happy path: start() turns off line editing and echo; each key calls `on_key`; stop() restores the terminal.
//
// What goes wrong:
//   - there is no controlling terminal, or this process is in the background: nothing is read, and nothing changed.
//     resume(), called now and then, notices when that ends or begins
//   - the process is stopped (Ctrl-Z): the terminal is restored before, and changed again when it continues
//   - the process ends by a signal: restore_terminal() from its handler
#pragma once

#include <uv.h>

#include <functional>

namespace portloop {

class KeyWatch {
 public:
  KeyWatch() = default;
  ~KeyWatch() { stop(); }
  KeyWatch(const KeyWatch&) = delete;
  KeyWatch& operator=(const KeyWatch&) = delete;

  /// At most one at a time in a process. The handle does not keep the loop alive.
  void start(uv_loop_t* loop, std::function<void()> on_key);
  void resume();
  void stop();

 private:
  void on_readable();

  std::function<void()> on_key_;
  uv_poll_t poll_{};
  int fd_ = -1;  // -1 if nothing is watched
  bool reading_ = false;
};

/// Restores the terminal if a KeyWatch has changed it. May be called by a signal handler.
void restore_terminal();

}  // namespace portloop
