// How a command ends: the exit statuses, and the two ways of giving up.
#pragma once

#include <stdexcept>
#include <string>

namespace portloop {

enum ExitStatus : int {
  exit_complete = 0,      ///< The scan is complete.
  exit_failed = 1,        ///< It could not run: an output that can't be opened, a failure of our own.
  exit_usage = 2,         ///< Wrong usage: the word at fault has been quoted.
  exit_incomplete = 3,    ///< It ran, but some target did not resolve, some result is unknown, or the output broke.
  exit_interrupted = 130  ///< Ctrl-C or SIGTERM; the results so far are whole.
};

/// The message is one line that quotes the word at fault and says what is accepted.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The message is one line that says what failed and why.
class CannotRun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The commands; each gets its own arguments, the command's name first.
int run_scan(int argc, const char* const* argv);
int run_merge(int argc, const char* const* argv);
int run_compare(int argc, const char* const* argv);

}  // namespace portloop
