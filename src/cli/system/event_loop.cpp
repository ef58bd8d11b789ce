#include "cli/system/event_loop.hpp"

#include <cassert>
#include <string>

#include "cli/exit_status.hpp"

namespace portloop {

EventLoop::EventLoop() {
  if (const int error = uv_loop_init(&loop_); error != 0)
    throw CannotRun(std::string("the event loop can't be created: ") + uv_strerror(error));
}

EventLoop::~EventLoop() {
  run();  // a closed scan closes its handles itself
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  run();
  [[maybe_unused]] const int error = uv_loop_close(&loop_);
  assert(error == 0);
}

}  // namespace portloop
