#include "cli/record/line_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/exit_status.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

constexpr size_t piece_bytes = 64 * 1024;
// A banner of 65,536 bytes takes five characters for each byte.
constexpr size_t max_line_bytes = 1024 * 1024;

ssize_t read_uninterrupted(int fd, char* to, size_t size) {
  ssize_t count = 0;
  do {
    count = read(fd, to, size);
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

LineReader::LineReader(const std::string& path, const char* kind)
    : name_(path == "-" ? "standard input" : kind + (' ' + quote_word(path))),
      fd_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  buffer_.resize(piece_bytes);
  const ssize_t count = fd_ < 0 || fstat(fd_, &status) != 0 ? -1 : read_uninterrupted(fd_, buffer_.data(), piece_bytes);
  if (count < 0) {
    const int error_number = errno;
    if (fd_ > STDERR_FILENO) close(fd_);
    throw UsageError(name_ + " can't be read: " + std::strerror(error_number));
  }
  identity_ = {status.st_dev, status.st_ino};
  buffer_.resize(static_cast<size_t>(count));
  at_end_ = count == 0;
}

LineReader::~LineReader() {
  if (fd_ > STDERR_FILENO) close(fd_);
}

/// Returns false at the end.
bool LineReader::read_more() {
  if (at_end_) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + piece_bytes);
  const ssize_t count = read_uninterrupted(fd_, buffer_.data() + before, piece_bytes);
  if (count < 0) throw CannotRun(name_ + " can't be read: " + std::strerror(errno));
  buffer_.resize(before + static_cast<size_t>(count));
  at_end_ = count == 0;
  return !at_end_;
}

bool LineReader::begins_with(std::string_view text) {
  while (buffer_.size() - start_ < text.size() && read_more()) {
  }
  return std::string_view(buffer_).substr(start_).starts_with(text);
}

std::optional<std::string_view> LineReader::next_line() {
  size_t end = buffer_.find('\n', start_);
  while (end == std::string::npos) {
    const size_t searched = buffer_.size() - start_;
    if (searched > max_line_bytes)
      throw UsageError(name_ + " has a line of more than " + std::to_string(max_line_bytes) + " bytes");
    if (!read_more()) break;
    end = buffer_.find('\n', searched);
  }
  cut_off_ = end == std::string::npos;
  const size_t first = start_;
  if (cut_off_) end = buffer_.size();
  if (cut_off_ && first == end) return std::nullopt;
  start_ = cut_off_ ? end : end + 1;
  return std::string_view(buffer_).substr(first, end - first);
}

std::string LineReader::read_rest() {
  while (read_more()) {
  }
  std::string rest = buffer_.substr(start_);
  start_ = buffer_.size();
  return rest;
}

}  // namespace portloop
