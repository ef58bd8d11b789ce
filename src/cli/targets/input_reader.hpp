// Reads lists of targets on a loop, while they still arrive.
//
// Happy path: the constructor opens the files; start() reads them one after the other: pipes, sockets and terminals
// when there is something to read, other files a piece in each turn of the loop; on_word() for each word, on_end()
// after the last one. pause() stops reading, so that the writer of a pipe waits.
//
// What goes wrong:
//   - a file can't be opened: UsageError from the constructor
//   - a word is wrong, a file has none or can't be read: on_error(), once, and nothing more is read
#pragma once

#include <uv.h>

#include <string>
#include <vector>

#include "cli/targets/word_list.hpp"

namespace portloop {

class InputReader {
 public:
  /// Called from the loop. Each may close the reader.
  class Events {
   public:
    /// May throw UsageError, as on_error() gets it with the place.
    virtual void on_word(const std::string& word) = 0;
    virtual void on_end() = 0;
    /// Called in a handler of what was thrown: `throw;` throws it again.
    virtual void on_error() = 0;

   protected:
    ~Events() = default;
  };

  /// "-" is standard input.
  explicit InputReader(const std::vector<std::string>& files);
  ~InputReader() { close(); }
  InputReader(const InputReader&) = delete;
  InputReader& operator=(const InputReader&) = delete;

  /// `events` outlives this object.
  void start(uv_loop_t* loop, Events& events);
  void pause();
  void resume();
  /// Idempotent.
  void close();

 private:
  void open_next();
  void read_some() noexcept;
  bool watch_descriptor(int fd);
  void stop_watching();

  std::vector<WordFile> files_;
  size_t current_ = 0;
  uv_loop_t* loop_ = nullptr;
  Events* events_ = nullptr;
  // Free themselves when they are closed. At most one exists.
  uv_poll_t* poll_ = nullptr;
  uv_idle_t* idle_ = nullptr;
  bool paused_ = false;
};

}  // namespace portloop
