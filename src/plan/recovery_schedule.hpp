// When a host or a path that fell silent is checked, and when it is given up.
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop {

/// Checks 1, 2, 4, 8, 8... s apart. What is silent is given up after a number of checks, not at a point in time: a
/// process that was stopped for a while has not waited meanwhile.
class RecoverySchedule {
 public:
  /// A link that goes down and up is covered; a scan of a host that died should end soon: 1 + 2 + 4 + 8 + 8 = 23 s.
  static constexpr uint32_t min_recovery_checks = 4;
  /// The last is made after 31 s: a router that holds each connection for 30 s has room again by then.
  static constexpr uint32_t checks_of_full_table = 6;

  RecoverySchedule(uint64_t now_us, uint32_t checks)
      : next_check_us_(now_us + first_interval_us), checks_left_(checks) {}

  uint64_t next_check_us() const { return next_check_us_; }
  bool due(uint64_t now_us) const { return now_us >= next_check_us_; }
  /// Whether the last check has had its time.
  bool is_over(uint64_t now_us) const { return checks_left_ == 0 && due(now_us); }
  void check_sent(uint64_t now_us) {
    checks_left_ -= checks_left_ > 0;
    interval_us_ = std::min(interval_us_ * 2, max_recovery_interval_us);
    next_check_us_ = now_us + interval_us_;
  }

  static constexpr uint64_t max_recovery_interval_us = 8'000'000;

 private:
  static constexpr uint64_t first_interval_us = 1'000'000;

  uint64_t next_check_us_;
  uint64_t interval_us_ = first_interval_us;
  uint32_t checks_left_;
};

}  // namespace portloop
