// Compares a scanner's results with the ground truth, for `--check`.
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

/// The number of differences from the truth, by kind.
struct Differences {
  uint64_t missed = 0;      ///< Missing in the results: an open port, or any port if the results have other states too.
  uint64_t wrong = 0;       ///< A state that contradicts the truth, or an endpoint that is not a target.
  uint64_t undecided = 0;   ///< unknown, although the host bans nobody and never leaves for good.
  uint64_t repeated = 0;    ///< More than one result for an endpoint.
  uint64_t unreadable = 0;  ///< Lines that are not results.
  uint64_t total() const { return missed + wrong + undecided + repeated + unreadable; }
};

/// Takes the lines of a scan's output one by one and reports the differences. A scanner can't find out everything about
/// a host that bans it or leaves for good: for such a host neither `unknown` nor a missing open port is a difference.
/// The broadcast address of the command's own link needs no result. Of a host that accepts everything one result is
/// enough, if it is marked as such.
class ResultCheck {
 public:
  /// Called with one line of text (no newline) for each of the first 20 differences.
  using Report = std::function<void(const std::string&)>;

  /// Borrows all three. At most 2^32 endpoints.
  ResultCheck(const Profile& profile, const TargetSet& targets, const PortSet& ports, Report report);

  /// Takes one line. Blank lines are ignored.
  void take(std::string_view line);

  /// Call it after the last line. With `open_only`, or if there are only open ports in the results, ports that aren't
  /// open may be missing.
  Differences finish(bool open_only);

  /// The number of open ports in the truth, and of those in the results. Valid after finish().
  uint64_t truly_open() const { return truly_open_; }
  uint64_t found_open() const { return found_open_; }
  uint64_t results() const { return results_; }
  /// The number of targets that accept everything, and of those that are marked as such. Valid after finish().
  uint64_t truly_all_open() const { return truly_all_open_; }
  uint64_t found_all_open() const { return found_all_open_; }

 private:
  void differ(uint64_t& count, const char* what, const Endpoint& endpoint, const std::string& detail);
  void compare(const ProbeResult& result);
  void compare_mark(const HostTruth& host, const ProbeResult& result, uint64_t address_index);

  const TargetSet& targets_;
  const PortSet& ports_;
  GroundTruth truth_;
  Report report_;
  Differences differences_;
  std::vector<bool> seen_;  // by endpoint: (address's index) * ports + port's index
  uint64_t line_number_ = 0;
  uint64_t results_ = 0;
  uint64_t truly_open_ = 0;
  uint64_t found_open_ = 0;
  std::vector<bool> marked_;  // by address's index
  uint64_t truly_all_open_ = 0;
  uint64_t found_all_open_ = 0;
  bool only_open_seen_ = true;
};

}  // namespace portloop::lab
