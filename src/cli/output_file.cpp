#include "cli/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/usage.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

constexpr size_t write_when_bytes = 64 * 1024;

bool is_regular(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

OutputFile::OutputFile() : terminal_(isatty(1) == 1) {
  // With >> others may write to the file too: what is theirs is not ours to cut.
  can_cut_ = is_regular(fd_) && (fcntl(fd_, F_GETFL) & O_APPEND) == 0;
  if (can_cut_) whole_bytes_ = lseek(fd_, 0, SEEK_CUR);
}

OutputFile::OutputFile(const std::string& path, bool overwrite) : name_("file " + quote_word(path)), path_(path) {
  fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  struct stat status;
  if (fd_ < 0 && errno == EEXIST && stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);  // a device or a pipe holds nothing that could be lost
  } else if (fd_ < 0 && errno == EEXIST && !overwrite) {
    throw CannotRun(name_ + " exists already: --overwrite replaces it");
  } else if (fd_ < 0 && errno == EEXIST) {
    partial_path_ = path + ".partial";
    fd_ = open(partial_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (fd_ < 0) throw CannotRun(name_ + " can't be opened: " + std::strerror(errno));
  can_cut_ = is_regular(fd_);
}

OutputFile::~OutputFile() {
  if (!path_.empty() && fd_ >= 0) close(fd_);
}

void OutputFile::end_record() {
  if (terminal_ || buffer_.size() >= write_when_bytes) flush();
}

void OutputFile::flush() {
  size_t written = 0;
  while (written < buffer_.size() && !broken()) {
    const ssize_t count = write(fd_, buffer_.data() + written, buffer_.size() - written);
    if (count > 0) {
      written += static_cast<size_t>(count);
    } else if (count < 0 && errno != EINTR) {
      const int error_number = errno;
      // Whole records of this buffer that fit are kept; every format's records end with a line end.
      const size_t line_end = buffer_.rfind('\n', written == 0 ? 0 : written - 1);
      const size_t whole = written == 0 || line_end == std::string::npos ? 0 : line_end + 1;
      if (can_cut_ && ftruncate(fd_, static_cast<off_t>(whole_bytes_) + static_cast<off_t>(whole)) != 0) {
        std::fprintf(stderr, "portloop: the last line of %s may be cut: %s\n", name_.c_str(), std::strerror(errno));
      }
      fail("can't be written", error_number);
    }
  }
  whole_bytes_ += static_cast<long long>(written);
  buffer_.clear();
}

void OutputFile::finish() {
  flush();
  if (path_.empty()) return;
  if (close(fd_) != 0 && !broken()) fail("can't be written", errno);
  fd_ = -1;
  if (partial_path_.empty() || broken()) return;
  if (rename(partial_path_.c_str(), path_.c_str()) != 0) fail("can't be replaced", errno);
}

void OutputFile::discard() {
  if (path_.empty() || fd_ < 0) return;
  close(fd_);
  fd_ = -1;
  if (can_cut_) unlink(partial_path_.empty() ? path_.c_str() : partial_path_.c_str());
}

void OutputFile::fail(const char* what, int error_number) { error_ = name_ + ' ' + what + ": " + std::strerror(error_number); }

}  // namespace portloop
