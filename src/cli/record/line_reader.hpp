// Reads a file or a pipe once, from its beginning to its end, line by line.
//
// What goes wrong:
//   - it can't be opened, or its first bytes can't be read (a directory): UsageError from the constructor
//   - a later read fails: CannotRun; a failed read is not mistaken for the end
//   - the last line has no line end: cut_off() is true
//   - a line is longer than any that portloop writes: UsageError
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace portloop {

class LineReader {
 public:
  /// `path`: "-" is standard input. `kind`: what messages call the file.
  explicit LineReader(const std::string& path, const char* kind = "file");
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// "file 'x'" or "standard input", for messages.
  const std::string& name() const { return name_; }
  /// Device and inode: the same for two names of one file.
  std::pair<dev_t, ino_t> identity() const { return identity_; }
  /// Whether what has not been read yet begins with `text`. Consumes nothing.
  bool begins_with(std::string_view text);
  /// The next line without its end, valid until the next call; nullopt at the end.
  std::optional<std::string_view> next_line();
  /// Whether the line that next_line() returned last had no line end.
  bool cut_off() const { return cut_off_; }
  /// Everything that has not been read yet.
  std::string read_rest();

 private:
  bool read_more();

  std::string name_;
  int fd_ = -1;
  std::pair<dev_t, ino_t> identity_{};
  std::string buffer_;
  size_t start_ = 0;  // of what has not been returned yet
  bool at_end_ = false;
  bool cut_off_ = false;
};

}  // namespace portloop
