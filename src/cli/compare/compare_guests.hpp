// The guests of a comparison on this machine: which of them can run, and how.
#pragma once

#include <csignal>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compare/guest_programs.hpp"

namespace portloop {

class CompareGuests {
 public:
  /// Finds the interpreters. Throws UsageError if that of a guest that was asked for by name is not found, and
  /// CannotRun if the guests' programs are not installed. Guests of "auto" are left out instead.
  explicit CompareGuests(const std::vector<compare::GuestChoice>& choices);

  const std::vector<compare::Contender>& contenders() const { return contenders_; }
  /// "node (node and nodejs are not in PATH)": what was left out; empty if nothing was.
  const std::string& left_out() const { return left_out_; }
  /// The versions of the interpreters, for the environment.
  std::vector<std::pair<std::string, std::string>> versions(const volatile std::sig_atomic_t& stop) const;
  std::vector<std::string> words(const compare::Contender& contender) const;

 private:
  std::vector<compare::Contender> contenders_;
  std::map<const compare::GuestRuntime*, std::string> interpreters_;
  std::string folder_;
  std::string left_out_;
};

}  // namespace portloop
