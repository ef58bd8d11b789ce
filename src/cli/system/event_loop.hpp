// A libuv loop of a command's own.
#pragma once

#include <uv.h>

namespace portloop {

class EventLoop {
 public:
  /// Throws CannotRun.
  EventLoop();
  /// Closes the handles that an error left open, waits for the callbacks that are due, and closes the loop.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  uv_loop_t* get() { return &loop_; }
  /// Runs the loop until no referenced handle is left.
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
  uv_loop_t loop_{};
};

}  // namespace portloop
