// The progress of a scan, from that of its loops.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/scanner.hpp"
#include "portloop/portloop.h"

namespace portloop {

class PassProgress {
 public:
  void add(const ScanCounters& counters) {
    drawn_ += counters.drawn;
    banners_ += counters.banners;
    learned_rate_ += counters.learned_rate;
    queued_loops_ += counters.had_own_queue ? 1 : 0;
    room_wait_ms_ = std::max<uint64_t>(room_wait_ms_, counters.room_wait_ms);
    const uint32_t pass = counters.pass;
    expected_passes_ = std::max<uint32_t>(expected_passes_, counters.expected_passes);
    if (pass == 0) return;  // that loop has nothing left, or has not begun
    if (pass_ == 0 || pass < pass_) {
      sent_ = size_;  // the other loops are through with this pass
      pass_ = pass;
    }
    size_ += counters.pass_size;
    sent_ += pass == pass_ ? counters.pass_sent : counters.pass_size;
  }

  void fill(portloop_stats& stats) const {
    stats.drawn = drawn_;
    stats.banners = banners_;
    stats.slowed_per_s = learned_rate_;
    stats.queued_loops = queued_loops_;
    stats.neighbour_wait_ms = room_wait_ms_;
    stats.pass = pass_;
    stats.expected_passes = pass_ == 0 ? 0 : std::max(pass_, expected_passes_);
    // While anything is left to draw, only the scan as a whole has a size.
    const bool is_first = pass_ == 1;
    const uint64_t sent = is_first ? drawn_ : sent_, size = is_first ? stats.probes : size_;
    if (pass_ != 0) stats.pass_permille = size == 0 ? 1000 : permille(std::min(sent, size), size);
  }

 private:
  static uint32_t permille(uint64_t part, uint64_t whole) {
    return static_cast<uint32_t>(static_cast<double>(part) / static_cast<double>(whole) * 1000);
  }

  uint64_t drawn_ = 0, size_ = 0, sent_ = 0;
  uint32_t pass_ = 0, expected_passes_ = 0;
  uint64_t room_wait_ms_ = 0;
  uint32_t banners_ = 0, learned_rate_ = 0, queued_loops_ = 0;
};

}  // namespace portloop
