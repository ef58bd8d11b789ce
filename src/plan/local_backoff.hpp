// Probes that failed on our side (no descriptor, no source port, no memory), and the restraint that follows.
//
// Happy path: failed() keeps the ask, lowers the limit of connects in flight, and pauses everything; after the pause
// the ask is made again; each ask that ends raises the limit a little.
//
// What goes wrong:
//   - it fails again with nothing else in flight: only time can help, and each pause is twice as long
//   - it never succeeds: after 9 such failures, about 13 s, it is given up (gives_up()), and reported as unknown. Each
//     further one that is given up has one failure less, and at last hardly a pause: all pauses together, for however
//     many, take less than 40 s
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "plan/ask.hpp"

namespace portloop {

/// Not thread-safe.
class LocalBackoff {
 public:
  struct Entry {
    Ask ask;
    int error_number;  ///< Of the failure; 0 if the ask is only repeated.
  };

  explicit LocalBackoff(uint32_t max_in_flight) : max_in_flight_(max_in_flight), limit_(max_in_flight) {}

  /// The maximum changes. A limit that failures have lowered stays, if it is lower.
  void set_max_in_flight(uint32_t max_in_flight);
  /// Connects that may be in flight.
  uint32_t limit() const { return static_cast<uint32_t>(limit_); }
  bool paused(uint64_t now_us) const { return now_us < pause_until_us_; }
  uint64_t pause_until_us() const { return pause_until_us_; }

  /// An ask could not be made, with `in_flight` others outstanding. Keeps it if `keep`. `descriptors`: it was a
  /// descriptor that could not be had.
  void failed(const Ask& ask, bool keep, int error_number, bool descriptors, uint32_t in_flight, uint64_t now_us);
  /// Keeps an ask that is to be made again without a pause.
  void keep(const Ask& ask) { entries_.push_back({ask, 0}); }
  /// Pauses everything, for the sake of an ask that is kept as well.
  void pause(uint64_t until_us) { pause_until_us_ = std::max(pause_until_us_, until_us); }
  /// An ask was made and has ended.
  void ask_ended();

  bool empty() const { return entries_.empty(); }
  const Entry& last() const { return entries_.back(); }
  /// Whether it has failed too often to be made again.
  bool gives_up(const Entry& entry) const;
  Entry take_last();

 private:
  uint32_t max_in_flight_;
  double limit_;
  uint64_t pause_until_us_ = 0;
  uint32_t given_up_ = 0;  // since the last ask that could be made
  std::vector<Entry> entries_;
};

}  // namespace portloop
