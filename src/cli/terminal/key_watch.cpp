#include "cli/terminal/key_watch.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace portloop {
namespace {

// What a signal handler needs. The settings are complete before the descriptor is set.
std::atomic<int> changed_fd{-1};  // the terminal that is changed now
termios settings_before{}, settings_while_watching{};

bool in_foreground(int fd) { return tcgetpgrp(fd) == getpgrp(); }

/// A process in the background would be stopped if it changed the terminal; its settings are the shell's business then.
void set_terminal(int fd, const termios& settings) {
  if (in_foreground(fd)) tcsetattr(fd, TCSANOW, &settings);
}

void on_stop_signal(int) {
  const int fd = changed_fd.load();
  restore_terminal();
  std::raise(SIGSTOP);
  if (fd < 0 || !in_foreground(fd)) return;
  set_terminal(fd, settings_while_watching);
  changed_fd = fd;
}

void watch_stop_signal(bool watch) {
  struct sigaction action {};
  if (sigaction(SIGTSTP, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) return;
  action = {};
  action.sa_handler = watch ? on_stop_signal : SIG_DFL;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTSTP, &action, nullptr);
}

}  // namespace

void restore_terminal() {
  const int fd = changed_fd.exchange(-1);
  if (fd >= 0) set_terminal(fd, settings_before);
}

void KeyWatch::start(uv_loop_t* loop, std::function<void()> on_key) {
  // A description of its own: libuv makes it non-blocking, which must not reach the shell or standard output.
  fd_ = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd_ < 0) return;
  if (uv_poll_init(loop, &poll_, fd_) != 0) {
    close(fd_);
    fd_ = -1;
    return;
  }
  poll_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
  on_key_ = std::move(on_key);
  watch_stop_signal(true);
  resume();
}

void KeyWatch::resume() {
  if (fd_ < 0) return;
  if (!in_foreground(fd_)) {
    if (reading_) uv_poll_stop(&poll_);
    reading_ = false;
    return;
  }
  if (changed_fd.load() < 0) {
    if (tcgetattr(fd_, &settings_before) != 0) return;
    settings_while_watching = settings_before;
    settings_while_watching.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C remains a signal
    settings_while_watching.c_cc[VMIN] = 1;
    settings_while_watching.c_cc[VTIME] = 0;
    changed_fd = fd_;
    set_terminal(fd_, settings_while_watching);
  }
  if (reading_) return;
  reading_ = uv_poll_start(&poll_, UV_READABLE,
                           [](uv_poll_t* poll, int, int) { static_cast<KeyWatch*>(poll->data)->on_readable(); }) == 0;
  uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
}

void KeyWatch::on_readable() {
  if (!in_foreground(fd_)) return resume();  // the keys are somebody else's
  std::array<char, 64> keys;
  const ssize_t count = read(fd_, keys.data(), keys.size());
  if (count > 0) return on_key_();
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  stop();  // the terminal is gone
}

void KeyWatch::stop() {
  if (fd_ < 0) return;
  restore_terminal();
  watch_stop_signal(false);
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
  close(fd_);
  fd_ = -1;
}

}  // namespace portloop
