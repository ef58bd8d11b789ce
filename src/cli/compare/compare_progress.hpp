// The progress of a comparison on standard error: one line that is redrawn on a terminal, and warnings.
#pragma once

#include <set>
#include <string>

#include "compare/comparison.hpp"
#include "compare/forecast.hpp"

namespace portloop {

class CompareProgress {
 public:
  /// `quiet`: only report() prints something.
  explicit CompareProgress(bool quiet);

  /// Draws the line before a run of comparison.entries[model]. Warns, once for each model, as soon as it is known that
  /// its runs take long.
  void before_run(const compare::Comparison& comparison, size_t model, uint32_t round,
                  const compare::Forecast& forecast);
  /// Before guests are compiled, which takes long the first time.
  void before_build() const;
  void before_recording(const compare::Entry& entry) const;
  void clear() const;
  /// Prints "portloop: " and `text` as a line of its own.
  void report(const std::string& text) const;

 private:
  void warn_of_long_runs(const compare::Comparison& comparison, const compare::Forecast& forecast);

  bool quiet_;
  bool redrawn_;
  std::set<size_t> warned_;  // models whose long runs have been reported
};

}  // namespace portloop
