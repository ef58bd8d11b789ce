// How a command ends: its exit status, and the errors that end it early.
#pragma once

#include <stdexcept>
#include <string>

namespace portloop {

enum ExitStatus : int {
  exit_complete = 0,  ///< The scan is complete.
  exit_failed = 1,    ///< It could not run: an output that can't be opened, a failure of our own.
  exit_usage = 2,     ///< Wrong usage; the message quotes the word at fault.
  exit_incomplete =
      3,  ///< It ran, but a target did not resolve, a result is unknown, an output broke, or memory ran out.
  exit_interrupted = 130  ///< SIGINT, SIGTERM or SIGHUP; the results so far are complete lines.
};

/// Ends a command with exit_usage. The message is one line that quotes the word at fault and names what is accepted.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Ends a command with exit_failed. The message is one line that names what failed and why.
class CannotRun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The same, but with exit_usage, if it ends the command: the system refuses a setting, such as a source address. A
/// watch goes on, because the system may grant it later.
class SettingRefused : public CannotRun {
 public:
  using CannotRun::CannotRun;
};

}  // namespace portloop
