// A program that is started with the changes of a round on its standard input. No shell is involved.
//
// Happy path: start(); the input is written, its end is the end of the pipe; the program exits with 0; on_end("").
//
// What goes wrong, each reported to on_end() in one line:
//   - it can't be started
//   - it exits with another status, or by a signal
//   - it runs for longer than max_seconds: it is killed
// If it does not read its input, the rest of the input is dropped when it exits.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <string>

namespace portloop {

class EventProgram {
 public:
  static constexpr uint64_t max_seconds = 60;

  EventProgram(uv_loop_t* loop, std::string path) : loop_(loop), path_(std::move(path)) {}
  EventProgram(const EventProgram&) = delete;
  EventProgram& operator=(const EventProgram&) = delete;

  /// To be called again only after on_end, which is called from the loop. What the program prints goes to standard
  /// error.
  void start(std::string input, std::function<void(const std::string& error)> on_end);

 private:
  void on_exit(int64_t status, int signal_number);
  void close_all();
  static void on_closed(uv_handle_t* handle);

  uv_loop_t* loop_;
  const std::string path_;
  std::string input_;
  std::string error_;
  std::function<void(const std::string&)> on_end_;
  uv_process_t process_{};
  uv_pipe_t pipe_{};
  uv_timer_t timer_{};
  uv_write_t write_{};
  unsigned open_handles_ = 0;
  bool killed_ = false;
};

}  // namespace portloop
