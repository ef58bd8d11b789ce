#include "cli/record/output_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "cli/exit_status.hpp"
#include "cli/record/new_file.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

constexpr size_t max_buffered_bytes = 64 * 1024;

/// Standard output may be non-blocking: that belongs to the open file, which others share.
void wait_for_room(int fd) {
  pollfd waiting{fd, POLLOUT, 0};
  poll(&waiting, 1, -1);
}

bool is_regular(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

OutputFile::OutputFile() : terminal_(isatty(1) == 1), regular_(is_regular(fd_)), hash_(fnv_start) {
  struct stat status;
  if (regular_ && fstat(fd_, &status) == 0) {
    const bool appends = (fcntl(fd_, F_GETFL) & O_APPEND) != 0;
    start_ = static_cast<uint64_t>(appends ? status.st_size : std::max<off_t>(0, lseek(fd_, 0, SEEK_CUR)));
  }
  // With >> others may write to the file, too: their bytes must not be removed.
  can_truncate_ = is_regular(fd_) && (fcntl(fd_, F_GETFL) & O_APPEND) == 0;
  if (can_truncate_) complete_bytes_ = lseek(fd_, 0, SEEK_CUR);
}

OutputFile::OutputFile(const std::string& path, bool overwrite)
    : name_("file " + quote_word(path)), path_(path), hash_(fnv_start) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  struct stat status;
  if (fd_ < 0 && errno == EEXIST && stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);  // a device or a pipe has no content that could be lost
    if (fd_ >= 0 && is_regular(fd_)) throw CannotRun(name_ + " was replaced while it was opened");
  } else if (fd_ < 0 && errno == EEXIST && !overwrite) {
    throw CannotRun(name_ + " exists already: --overwrite replaces it");
  } else if (fd_ < 0 && errno == EEXIST) {
    partial_path_ = path + ".partial";
    fd_ = create_new_file(partial_path_);
  }
  if (fd_ < 0) throw CannotRun(name_ + " can't be opened: " + std::strerror(errno));
  can_truncate_ = regular_ = is_regular(fd_);
}

OutputFile::OutputFile(const SavedOutput& saved) : hash_(fnv_start) {
  if (!saved.path.empty()) {
    name_ = "file " + quote_word(saved.path);
    path_ = saved.path;
  } else {
    terminal_ = isatty(1) == 1;
  }
  regular_ = saved.regular;
  reopen(saved);
}

/// A pipe, a terminal or a device is a new one now: it gets a header, and results from the checkpoint on.
void OutputFile::reopen(const SavedOutput& saved) {
  int readable = -1;
  if (!path_.empty()) {
    std::string actual = path_;
    // If the earlier run reached its end, the partial file has been renamed already.
    if (!saved.partial_path.empty() && faccessat(AT_FDCWD, saved.partial_path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
      actual = partial_path_ = saved.partial_path;
    // A regular file was created by the scan: it can't be a symbolic link.
    fd_ = open(actual.c_str(), (regular_ ? O_RDWR | O_NOFOLLOW : O_WRONLY) | O_CLOEXEC);
    if (fd_ < 0) throw UsageError(name_ + " can't be continued: " + std::strerror(errno));
    readable = fd_;
  } else if (regular_) {
    readable = open("/dev/fd/1", O_RDONLY | O_CLOEXEC);  // standard output itself is open for writing only
  }
  if (!regular_) {
    // What was a pipe or a device must not have become a file, whose content would be overwritten.
    if (!path_.empty() && is_regular(fd_))
      throw UsageError(name_ + " was not a regular file when the scan was started");
    return;
  }
  struct stat status;
  const bool same =
      is_regular(fd_) && fstat(fd_, &status) == 0 && contains(readable, static_cast<uint64_t>(status.st_size), saved);
  if (path_.empty() && readable >= 0) close(readable);
  if (!same) {
    throw UsageError(name_ + " does not contain what the scan has written so far: " +
                     (path_.empty() ? "append to the same file with >>" : "it has been changed since"));
  }
  start_ = saved.start;
  length_ = saved.length;
  hash_ = saved.hash;
  continues_ = true;
  can_truncate_ = !path_.empty() || (fcntl(fd_, F_GETFL) & O_APPEND) == 0;
  complete_bytes_ = static_cast<long long>(start_ + length_);
}

void OutputFile::truncate() {
  if (!continues_) return;
  if (ftruncate(fd_, complete_bytes_) != 0 || lseek(fd_, complete_bytes_, SEEK_SET) < 0) {
    throw CannotRun(name_ + " can't be continued: " + std::strerror(errno));
  }
}

SavedOutput OutputFile::saved() {
  flush();
  if (regular_ && !broken() && fdatasync(fd_) != 0 && errno != EINVAL) fail("can't be written", errno);
  SavedOutput saved;
  saved.path = path_;
  saved.partial_path = partial_path_;
  saved.regular = regular_;
  saved.start = start_;
  saved.length = length_;
  saved.hash = hash_;
  return saved;
}

OutputFile::~OutputFile() {
  if (!path_.empty() && fd_ >= 0) close(fd_);
}

void OutputFile::end_record() {
  if (terminal_ || buffer_.size() >= max_buffered_bytes) flush();
}

void OutputFile::flush() noexcept {
  size_t written = 0;
  while (written < buffer_.size() && !broken()) {
    const ssize_t count = write(fd_, buffer_.data() + written, buffer_.size() - written);
    if (count > 0) {
      written += static_cast<size_t>(count);
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      wait_for_room(fd_);
    } else if (count < 0 && errno != EINTR) {
      const int error_number = errno;
      // Complete records of this buffer are kept; in every format a record ends with a line end.
      const size_t line_end = buffer_.rfind('\n', written == 0 ? 0 : written - 1);
      const size_t complete = written == 0 || line_end == std::string::npos ? 0 : line_end + 1;
      if (can_truncate_ && ftruncate(fd_, static_cast<off_t>(complete_bytes_) + static_cast<off_t>(complete)) != 0) {
        std::fprintf(stderr, "portloop: the last line of %s may be incomplete: %s\n", name_.c_str(),
                     std::strerror(errno));
      }
      fail("can't be written", error_number);
    }
  }
  complete_bytes_ += static_cast<long long>(written);
  length_ += written;
  hash_ = fnv_hash(std::string_view(buffer_).substr(0, written), hash_);
  buffer_.clear();
}

void OutputFile::finish() noexcept {
  flush();
  if (path_.empty() || fd_ < 0) return;
  if (close(fd_) != 0 && !broken()) fail("can't be written", errno);
  fd_ = -1;
  if (partial_path_.empty() || broken()) return;
  if (rename(partial_path_.c_str(), path_.c_str()) != 0) fail("can't be replaced", errno);
}

void OutputFile::discard() {
  if (path_.empty() || fd_ < 0) return;
  close(fd_);
  fd_ = -1;
  if (can_truncate_) unlink(partial_path_.empty() ? path_.c_str() : partial_path_.c_str());
}

void OutputFile::fail(const char* what, int error_number) noexcept {
  failure_ = what;
  error_number_ = error_number;
}

std::string OutputFile::error() const {
  return broken() ? name_ + ' ' + failure_ + ": " + std::strerror(error_number_) : "";
}

std::unique_ptr<OutputFile> open_output(const std::string& path, bool overwrite) {
  return path.empty() ? std::make_unique<OutputFile>() : std::make_unique<OutputFile>(path, overwrite);
}

}  // namespace portloop
