// Runs a program: starts it, writes its input, reads its output and waits for it.
//
// Happy path: fork and exec; the text is written to its standard input, its standard output and standard error are read
// to the end, its exit status is 0.
//
// What goes wrong:
//   - it can't be started, exits with another status, or is killed by a signal: `error` describes it, with the last
//     line of its standard error
//   - `stop` is set by a signal handler: the program is killed, and `stopped` is set
//   - it takes longer than the limit: it is killed, and `error` says so
//   - it leaves processes behind, which would hold its standard output open: it has a process group of its own, which
//   is
//     killed when it has ended
//   - this process is killed: then the program is killed, too
#pragma once

#include <csignal>
#include <limits>
#include <string>
#include <vector>

namespace portloop::compare {

struct ProcessOutcome {
  std::string output;
  std::string errors;  ///< Its standard error.
  std::string error;   ///< Empty if its exit status is 0.
  bool stopped = false;
};

/// `words` are the program and its arguments; a program without a slash is found in PATH. `text` is its standard input.
/// `limit_s`: how long it may take.
ProcessOutcome run_process(const std::vector<std::string>& words, const std::string& text,
                           const volatile std::sig_atomic_t& stop,
                           double limit_s = std::numeric_limits<double>::infinity());

}  // namespace portloop::compare
