// The guests of a comparison on this machine: which of them can run, and how.
#pragma once

#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compare/guest_builds.hpp"
#include "compare/guest_programs.hpp"

namespace portloop {

class CompareGuests {
 public:
  /// Finds the commands. Throws UsageError if that of a guest that was asked for by name is not found, and CannotRun if
  /// the guests' programs are not installed. Guests of "auto" are left out instead.
  explicit CompareGuests(const std::vector<compare::GuestChoice>& choices);

  /// Those whose commands were found.
  const std::vector<compare::Contender>& contenders() const { return contenders_; }
  /// "node (node and nodejs are not in PATH)": what was left out; empty if nothing was.
  const std::string& left_out() const { return left_out_; }
  /// Compiles those that have to be. Throws CannotRun if one that was asked for by name can't be; guests of "auto" are
  /// left out instead.
  void build(const volatile std::sig_atomic_t& stop);
  /// After build().
  bool can_run(const compare::GuestRuntime& runtime) const;
  /// The versions of the runtimes that can run, for the environment.
  std::vector<std::pair<std::string, std::string>> versions(const volatile std::sig_atomic_t& stop) const;
  std::vector<std::string> words(const compare::Contender& contender) const;

 private:
  void leave_out(const compare::GuestRuntime& runtime, const std::string& reason);

  std::vector<compare::GuestChoice> choices_;
  std::vector<compare::Contender> contenders_;
  std::map<const compare::GuestRuntime*, std::string> commands_;  // empty if it was not found
  std::map<const compare::GuestRuntime*, std::string> programs_;  // of the compiled ones
  compare::GuestBuilds builds_;
  std::string folder_;
  std::string left_out_;
};

}  // namespace portloop
