// A program of its own for each run: started, fed, read and waited for.
//
// Happy path: fork and exec; the text goes to its standard input, its standard output is read to the end,
// its exit status is 0. Standard error is ours.
//
// What goes wrong:
//   - it can't be started, exits with another status, or dies of a signal: `error` says so in words
//   - `stop` becomes true (a signal has interrupted the reading): it is killed, and `stopped` is set
#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace portloop::compare {

struct ProcessOutcome {
  std::string output;
  std::string error;  ///< Empty: it ended well.
  bool stopped = false;
};

/// `words` are the program's path and its arguments; a path without a slash is looked for in PATH.
ProcessOutcome run_process(const std::vector<std::string>& words, const std::string& input,
                           const volatile std::sig_atomic_t& stop);

}  // namespace portloop::compare
