#include "cli/targets/input_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

namespace portloop {
namespace {

template <class Handle>
void close_and_free(Handle*& handle) {
  if (handle == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(handle, nullptr)),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

}  // namespace

InputReader::InputReader(const std::vector<std::string>& files) {
  files_.reserve(files.size());
  for (const std::string& file : files) files_.emplace_back(file);
}

void InputReader::start(uv_loop_t* loop, Events& events) {
  loop_ = loop;
  events_ = &events;
  open_next();
}

void InputReader::close() {
  stop_watching();
  loop_ = nullptr;
}

void InputReader::stop_watching() {
  close_and_free(poll_);
  close_and_free(idle_);
}

/// libuv makes the descriptor non-blocking, and with it those of all processes that share it: it is made blocking
/// again. Each read follows an event, so that it does not block.
bool InputReader::watch_descriptor(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return false;
  const int flags = fcntl(fd, F_GETFL);
  poll_ = new uv_poll_t{};
  const int error = uv_poll_init(loop_, poll_, fd);
  fcntl(fd, F_SETFL, flags);
  if (error != 0) {  // such as /dev/null, which is always ready
    delete std::exchange(poll_, nullptr);
    return false;
  }
  poll_->data = this;
  return true;
}

void InputReader::open_next() {
  if (current_ == files_.size()) return events_->on_end();
  if (!watch_descriptor(files_[current_].descriptor())) {
    idle_ = new uv_idle_t{};
    uv_idle_init(loop_, idle_);
    idle_->data = this;
  }
  if (!paused_) resume();
}

void InputReader::pause() {
  paused_ = true;
  if (poll_ != nullptr) uv_poll_stop(poll_);
  if (idle_ != nullptr) uv_idle_stop(idle_);
}

void InputReader::resume() {
  paused_ = false;
  if (poll_ != nullptr)
    uv_poll_start(poll_, UV_READABLE | UV_DISCONNECT,
                  [](uv_poll_t* ready, int, int) { static_cast<InputReader*>(ready->data)->read_some(); });
  if (idle_ != nullptr)
    uv_idle_start(idle_, [](uv_idle_t* idle) { static_cast<InputReader*>(idle->data)->read_some(); });
}

void InputReader::read_some() noexcept {
  try {
    const bool more = files_[current_].read_some([this](const std::string& word) {
      if (loop_ != nullptr) events_->on_word(word);
    });
    if (more || loop_ == nullptr) return;
    stop_watching();
    ++current_;
    open_next();
  } catch (...) {  // must not reach libuv
    if (loop_ == nullptr) return;
    close();
    events_->on_error();
  }
}

}  // namespace portloop
