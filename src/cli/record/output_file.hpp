// Where one format's bytes go: standard output or a file, always in complete records.
//
// Happy path: a writer appends a record to buffer(), end_record() completes it, and the buffer is written when it is
// large, when flush() is called, and at the end.
//
// What goes wrong:
//   - the reader is slow and standard output non-blocking: waits, as a blocking write() does
//   - the disk is full or the reader is gone: broken() is true and error() has the reason. An incomplete last record is
//     removed if the file can be truncated, and nothing more is written
//   - the file exists: it is not touched without --overwrite. With it, the new file is written to FILE.partial and
//     renamed at the end, so that there is always a complete file. No symbolic link of that name is followed
//   - a scan is resumed: the file must still contain what the checkpoint describes. What was written after the
//     checkpoint is truncated, because those results will come again
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/record/saved_output.hpp"

namespace portloop {

class OutputFile {
 public:
  /// Standard output.
  OutputFile();
  /// A new file. Throws CannotRun.
  OutputFile(const std::string& path, bool overwrite);
  /// The output of an earlier run, to be continued. Nothing is changed until truncate(). Throws UsageError if the file
  /// is not the one that was written.
  explicit OutputFile(const SavedOutput& saved);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::string& buffer() { return buffer_; }
  /// The buffer holds complete records. Writes them if there are many, or if a person is watching.
  void end_record();
  /// Writes the buffer. Allocates nothing, and neither does finish(): both work when the memory is used up.
  void flush() noexcept;
  /// Flushes, closes the file, and renames it to its final name.
  void finish() noexcept;
  /// Removes a new file to which nothing will be written. An older file of that name is kept.
  void discard();

  /// Whether the file already contains what an earlier run wrote, with the header.
  bool continues() const { return continues_; }
  /// Removes what the earlier run wrote after its checkpoint. Throws CannotRun.
  void truncate();
  /// Flushes, waits for the disk if it is a regular file, and returns how far it is written. Paths are as they were
  /// given.
  SavedOutput saved();

  bool is_terminal() const { return terminal_; }
  bool broken() const { return failure_ != nullptr; }
  /// One line that names the file and what failed; empty if nothing did.
  std::string error() const;

 private:
  void reopen(const SavedOutput& saved);
  void fail(const char* what, int error_number) noexcept;

  std::string name_ = "standard output";
  std::string path_;          // empty for standard output
  std::string partial_path_;  // set if the file will replace an older one
  int fd_ = 1;
  bool terminal_ = false;
  bool can_truncate_ = false;
  bool regular_ = false;
  bool continues_ = false;
  uint64_t start_ = 0;            // offset of our first byte
  uint64_t length_ = 0;           // bytes written from there
  uint64_t hash_;                 // of them
  long long complete_bytes_ = 0;  // offset of the end of the last complete record in the file
  std::string buffer_;
  const char* failure_ = nullptr;  // "can't be written"
  int error_number_ = 0;
};

/// Standard output if `path` is empty, else a new file. Throws CannotRun.
std::unique_ptr<OutputFile> open_output(const std::string& path, bool overwrite);

}  // namespace portloop
