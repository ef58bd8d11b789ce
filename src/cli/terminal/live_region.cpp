#include "cli/terminal/live_region.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>

#include "cli/terminal/terminal_width.hpp"
#include "output/terminal_row.hpp"

namespace portloop {
namespace {

std::atomic<unsigned> times_continued{0};

void on_continue(int) { times_continued.fetch_add(1); }

}  // namespace

LiveRegion::LiveRegion(int fd) : fd_(fd), continued_(times_continued.load()) {
  struct sigaction action {};
  action.sa_handler = on_continue;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGCONT, &action, nullptr);
}

/// Whether the cursor may have been moved by somebody else, or is theirs.
bool LiveRegion::is_elsewhere() {
  const pid_t foreground = tcgetpgrp(fd_);  // -1: not our controlling terminal, so there are no jobs
  const bool is_in_background = foreground > 0 && foreground != getpgrp();
  if (is_in_background || continued_ != times_continued.load()) drawn_.clear();
  continued_ = times_continued.load();
  return is_in_background;
}

/// A terminal that has become narrower has wrapped the lines.
std::string LiveRegion::to_first_line() const {
  if (drawn_.empty()) return "\r";
  const size_t columns = terminal_columns(fd_);
  size_t rows = 0;
  for (const std::string& line : drawn_) rows += std::max<size_t>(1, (row_width(line) + columns - 1) / columns);
  return rows > 1 ? "\r\x1b[" + std::to_string(rows - 1) + 'A' : "\r";
}

void LiveRegion::draw(const std::vector<std::string>& lines) {
  if (gone_ || is_elsewhere()) return;
  if (lines.empty()) return erase();
  if (lines == drawn_) return;
  std::string bytes = to_first_line();
  for (const std::string& line : lines) {
    bytes += line;
    bytes += &line == &lines.back() ? "\x1b[J" : "\x1b[K\n";
  }
  write(bytes);
  drawn_ = lines;
}

void LiveRegion::erase() {
  if (gone_ || is_elsewhere() || drawn_.empty()) return;
  write(to_first_line() + "\x1b[J");
  drawn_.clear();
}

void LiveRegion::write(const std::string& bytes) {
  for (size_t written = 0; written < bytes.size() && !gone_;) {
    const ssize_t count = ::write(fd_, bytes.data() + written, bytes.size() - written);
    if (count > 0) {
      written += static_cast<size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd waiting{fd_, POLLOUT, 0};
      poll(&waiting, 1, -1);
    } else if (count == 0 || errno != EINTR) {
      gone_ = true;
    }
  }
}

}  // namespace portloop
