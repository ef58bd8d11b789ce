// The files of --export-json, --export-csv, --export-markdown, --export-html and --trace. They are opened before
// anything is measured, and written at the end.
#pragma once

#include <memory>
#include <vector>

#include "cli/options/output_choice.hpp"
#include "cli/record/output_file.hpp"
#include "compare/comparison.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop {

class CompareExports {
 public:
  /// Throws UsageError if two of them are the same file, and CannotRun if one can't be opened.
  void open(const std::vector<OutputChoice>& choices, bool overwrite);
  /// Leaves no file.
  void discard();
  /// Returns whether all could be written; those that could not are reported on standard error.
  bool write(const compare::Comparison& comparison, const TargetSet& targets, const PortSet& ports);

 private:
  std::vector<OutputChoice> choices_;
  std::vector<std::unique_ptr<OutputFile>> files_;  // of choices_
};

/// Returns whether the file could be written; if not, reports that on standard error.
bool check_written(const OutputFile& file);

}  // namespace portloop
