// Where one format's bytes go: standard output or a file, always in whole records.
//
// Happy path: a writer appends a record to buffer(), end_record() marks it whole, and the buffer is written
// when it is large, when the scan's clock asks for it, and at the end.
//
// What goes wrong:
//   - a disk is full or a reader is gone: broken() says why, once; whatever was written of a last record is cut
//     off again where the file allows it, and nothing more is written
//   - the file exists: it is not touched, unless overwriting is asked for; then the new one is written beside
//     it and takes its place at the end, so that at no moment half of either is all there is
//   - a scan is resumed: what the file holds must be what the checkpoint says; what was written after the
//     checkpoint is cut off, because it will come again
#pragma once

#include <string>

#include "cli/record/checkpoint.hpp"

namespace portloop {

class OutputFile {
 public:
  /// Standard output.
  OutputFile();
  /// A new file. Throws CannotRun with one line.
  OutputFile(const std::string& path, bool overwrite);
  /// What an earlier run wrote, to be gone on with. Nothing is changed until cut_back(). Throws UsageError where the
  /// file is not the one that was written.
  explicit OutputFile(const SavedOutput& saved);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::string& buffer() { return buffer_; }
  /// What the buffer holds is whole; written where that is much.
  void end_record();
  /// Writes what is whole.
  void flush();
  /// Flushes, and lets the file take its place.
  void finish();
  /// Removes a new file that nothing is to be written to after all; what stood there before stays.
  void discard();

  /// Whether the file holds what an earlier run wrote: no header is due.
  bool continues() const { return continues_; }
  /// Cuts off what the earlier run wrote after its checkpoint.
  void cut_back();
  /// Flushes, waits for the disk where it is a file, and answers up to where it is written.
  SavedOutput saved();

  bool is_terminal() const { return terminal_; }
  bool broken() const { return !error_.empty(); }
  /// One line that names the file and what failed; empty where all is well.
  const std::string& error() const { return error_; }

 private:
  void reopen(const SavedOutput& saved);
  void fail(const char* what, int error_number);

  std::string name_ = "standard output";
  std::string path_;          // empty for standard output
  std::string partial_path_;  // set where the file is written beside an older one
  int fd_ = 1;
  bool terminal_ = false;
  bool can_cut_ = false;
  bool regular_ = false;
  bool continues_ = false;
  uint64_t start_ = 0;         // offset of our first byte
  uint64_t length_ = 0;        // bytes written from there
  uint64_t hash_;              // of them
  long long whole_bytes_ = 0;  // offset behind the last whole record in the file
  std::string buffer_;
  std::string error_;
};

}  // namespace portloop
