// Compares what a scanner said with the right answer, for `--check`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/port_set.hpp"
#include "core/target_set.hpp"
#include "lab/ground_truth.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

/// How many results differ from the truth, by kind.
struct Differences {
  uint64_t missed = 0;      ///< The truth has it (open; with all states shown, any), the result does not.
  uint64_t wrong = 0;       ///< A state that the truth contradicts, or an endpoint that nobody asked for.
  uint64_t undecided = 0;   ///< unknown, where the host answers for as long as it is asked.
  uint64_t repeated = 0;    ///< Said twice.
  uint64_t unreadable = 0;  ///< Lines that are no result.
  uint64_t total() const { return missed + wrong + undecided + repeated + unreadable; }
};

/// Takes the lines of a result one by one, then says what differs. What a host that leaves for good had to
/// say is not known to a scanner: there `unknown` is never a difference, nor is an open port that is missing.
class ResultCheck {
 public:
  /// Called with one line of text (no newline) for each of the first differences.
  using Say = std::function<void(const std::string&)>;

  /// Borrows all three. At most 2^32 endpoints.
  ResultCheck(const Profile& profile, const TargetSet& targets, const PortSet& ports, Say say);

  /// One line of the result; blank ones don't matter.
  void take(std::string_view line);

  /// After the last line. With `open_only`, or where the result holds nothing but open ports, it need not
  /// mention others.
  Differences finish(bool open_only);

  /// Open ports in the truth, and how many of them the result has. Valid after finish().
  uint64_t truly_open() const { return truly_open_; }
  uint64_t found_open() const { return found_open_; }
  uint64_t results() const { return results_; }

 private:
  void differ(uint64_t& count, const char* what, const Endpoint& endpoint, const std::string& detail);
  void compare(const Endpoint& endpoint, PortState state);

  const TargetSet& targets_;
  const PortSet& ports_;
  GroundTruth truth_;
  Say say_;
  Differences differences_;
  std::vector<bool> said_;  // by endpoint: (address's index) * ports + port's index
  uint64_t line_number_ = 0;
  uint64_t results_ = 0;
  uint64_t truly_open_ = 0;
  uint64_t found_open_ = 0;
  bool only_open_said_ = true;
};

}  // namespace portloop::lab
