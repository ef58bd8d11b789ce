#include "cli/watch/event_program.hpp"

#include <csignal>
#include <utility>

#include "core/spec_error.hpp"

namespace portloop {
namespace {

EventProgram& program_of(void* data) { return *static_cast<EventProgram*>(data); }

template <class Handle>
uv_handle_t* base(Handle& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

template <class Handle>
void close_once(Handle& handle, uv_close_cb on_closed) {
  if (!uv_is_closing(base(handle))) uv_close(base(handle), on_closed);
}

}  // namespace

void EventProgram::start(std::string input, std::function<void(const std::string&)> on_end) {
  input_ = std::move(input);
  on_end_ = std::move(on_end);
  error_.clear();
  killed_ = false;
  uv_pipe_init(loop_, &pipe_, 0);
  uv_timer_init(loop_, &timer_);
  process_ = {};
  process_.data = pipe_.data = timer_.data = this;
  open_handles_ = 3;

  uv_stdio_container_t streams[3];
  streams[0].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_READABLE_PIPE);
  streams[0].data.stream = reinterpret_cast<uv_stream_t*>(&pipe_);
  streams[1].flags = streams[2].flags = UV_INHERIT_FD;
  streams[1].data.fd = streams[2].data.fd = 2;
  char* arguments[] = {const_cast<char*>(path_.c_str()), nullptr};
  uv_process_options_t options{};
  options.file = path_.c_str();
  options.args = arguments;
  options.stdio = streams;
  options.stdio_count = 3;
  options.exit_cb = [](uv_process_t* process, int64_t status, int number) {
    program_of(process->data).on_exit(status, number);
  };
  if (const int failed = uv_spawn(loop_, &process_, &options)) {
    error_ = "--exec " + quote_word(path_) + " can't be started: " + uv_strerror(failed);
    return close_all();
  }
  uv_timer_start(
      &timer_,
      [](uv_timer_t* timer) {
        EventProgram& self = program_of(timer->data);
        self.killed_ = uv_process_kill(&self.process_, SIGKILL) == 0;
      },
      max_seconds * 1000, 0);
  const uv_buf_t piece = uv_buf_init(input_.data(), static_cast<unsigned>(input_.size()));
  write_.data = this;
  const int failed = uv_write(&write_, reinterpret_cast<uv_stream_t*>(&pipe_), &piece, 1, [](uv_write_t* write, int) {
    EventProgram& self = program_of(write->data);
    close_once(self.pipe_, on_closed);  // the end of its input
  });
  if (failed != 0) close_once(pipe_, on_closed);
}

void EventProgram::on_exit(int64_t status, int signal_number) {
  const std::string name = "--exec " + quote_word(path_);
  if (killed_)
    error_ = name + " ran for more than " + std::to_string(max_seconds) + " s and was killed";
  else if (signal_number != 0)
    error_ = name + " was ended by signal " + std::to_string(signal_number);
  else if (status != 0)
    error_ = name + " failed with exit status " + std::to_string(status);
  close_all();
}

void EventProgram::close_all() {
  close_once(pipe_, on_closed);
  close_once(timer_, on_closed);
  close_once(process_, on_closed);
}

void EventProgram::on_closed(uv_handle_t* handle) {
  EventProgram& self = program_of(handle->data);
  if (--self.open_handles_ > 0) return;
  const auto on_end = std::exchange(self.on_end_, {});
  on_end(self.error_);
}

}  // namespace portloop
