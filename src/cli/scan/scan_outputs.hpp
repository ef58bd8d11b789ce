// Every output of a scan: a format, its writer, and the file that it goes to.
//
// Happy path: open() writes the headers; write() gives each result to every writer; flush() is called five times a
// second; end() writes the footers and closes the files.
//
// What goes wrong:
//   - a file can't be opened or exists already: CannotRun from open(), before anything is scanned
//   - an output breaks (its reader is gone, the disk is full): take_failure() returns why, once; the other outputs are
//     still written
//   - the memory is used up: std::bad_alloc, and no buffer has a part of a record
//   - text goes to a terminal: its writer is a table of hosts (output/host_table.hpp), shown as live rows meanwhile. It
//   is
//     lost if the process is killed
//   - a resumed scan's outputs are not what the checkpoint describes: UsageError from reopen(), and none is changed
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/output_choice.hpp"
#include "cli/record/output_file.hpp"
#include "cli/record/saved_output.hpp"
#include "cli/terminal/colour.hpp"
#include "cli/terminal/progress.hpp"
#include "output/host_table.hpp"
#include "output/writer.hpp"

namespace portloop {

class ScanOutputs {
 public:
  struct Options {
    ColourChoice colour = ColourChoice::automatic;  ///< Of standard output.
    bool live = false;                              ///< Each result at once, no table of hosts on a terminal.
    bool quiet = false;
  };

  /// `progress` outlives this object: it shows the hosts, or is cleared before results go to a terminal.
  ScanOutputs(ProgressLine& progress, const Options& options) : progress_(progress), options_(options) {}

  void open(const std::vector<OutputChoice>& choices, bool overwrite, ScanHeader header);
  /// Opens what an earlier run has written, and truncates it to the length in the checkpoint. `checkpoint_file`: for
  /// messages.
  void reopen(const std::vector<SavedOutput>& saved, const std::string& checkpoint_file, ScanHeader header);

  void write(const OutputResult& result);
  /// Another name of an address that may have had results before.
  void add_name(const Address& address, const std::string& name);
  void flush();
  /// Flushes those that a person sees.
  void flush_terminals();
  void end(const ScanFooter& footer);
  /// Instead of end(), when the memory is used up: closes the files with the complete records that they have.
  void end_without_footers() noexcept;

  /// Flushes, waits for the disk, and returns how far each output is written.
  std::vector<SavedOutput> saved();

  bool broken() const { return first_broken() != nullptr; }
  /// Why the first output broke, one line; nullopt if none did, or if this has been returned before.
  std::optional<std::string> take_failure();
  bool failure_taken() const { return failure_taken_; }

 private:
  struct Output {
    std::string format;
    std::unique_ptr<Writer> writer;
    std::unique_ptr<OutputFile> file;
  };

  const OutputFile* first_broken() const;
  static void end_table(Output& output) noexcept;
  template <class Append>
  static void append_whole(OutputFile& file, Append append);

  void adapt_to_terminal(ScanHeader& header, const OutputFile& file, bool is_standard_output) const;
  std::unique_ptr<Writer> make_writer(const OutputFormat& format, const OutputFile& file, bool is_standard_output);

  ProgressLine& progress_;
  const Options options_;
  HostTable* table_ = nullptr;  // the writer of standard output, if it is a table of hosts
  std::vector<Output> outputs_;
  bool failure_taken_ = false;
};

}  // namespace portloop
