// A router, a firewall or a NAT that holds so many connections, each for so long, and drops new ones while its table is
// full: it looks like a host that goes away after some number of probes, and is back when nothing has been sent for a
// while.
//
// Happy path: nothing happens.
//
// What goes wrong:
//   - a silence ends by itself, recovered(): the first time it may be anything
//   - the second time the rate becomes what a table lets through that holds as many connections as went through before
//     the silence, for as long as it lasted
//   - again, although the rate was limited: it is halved, twice at most, or a path that is bad in another way would end
//     at a probe an hour
//   - a silence of a second or two: no table ends its entries so soon
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop {

/// Not thread-safe: one for each loop.
class FlowLimit {
 public:
  /// A silence of all hosts has ended at `now_us`; it began after the answer at `silent_since_us`, which was to the ask
  /// `answered_serial`. `next_serial`: of the next ask.
  void recovered(uint64_t answered_serial, uint64_t next_serial, uint64_t silent_since_us, uint64_t now_us) {
    if (now_us - silent_since_us < min_flow_hold_us) return;
    if (++recoveries_ > 2) {
      if (recoveries_ <= 2 + max_halvings) rate_per_s_ = std::max(min_flow_rate_per_s, rate_per_s_ / 2);
      return;
    }
    const uint64_t flows = std::max(answered_serial, recovered_serial_ + 1) - recovered_serial_;
    recovered_serial_ = next_serial;
    flows_ = std::max(flows_, flows);
    hold_us_ = std::max<uint64_t>(hold_us_, now_us - silent_since_us);
    if (recoveries_ < 2) return;
    const double full_per_s = static_cast<double>(flows_) * 1e6 / static_cast<double>(hold_us_);
    rate_per_s_ = std::max(min_flow_rate_per_s, share_of_flow_rate * full_per_s);
  }

  /// Probes a second; 0 if no limit is known.
  double rate_per_s() const { return rate_per_s_; }
  /// Probes that went through before a silence, at least: the last one that was answered was hardly the last of them.
  uint64_t flows() const { return flows_; }
  /// How long a silence lasted.
  uint64_t hold_us() const { return hold_us_; }

 private:
  // Others' connections find room as well.
  static constexpr double share_of_flow_rate = 0.7;
  static constexpr uint32_t max_halvings = 2;
  static constexpr double min_flow_rate_per_s = 2;
  static constexpr uint64_t min_flow_hold_us = 4'000'000;

  uint64_t recovered_serial_ = 0;
  uint32_t recoveries_ = 0;
  uint64_t flows_ = 0;
  uint64_t hold_us_ = 0;
  double rate_per_s_ = 0;
};

}  // namespace portloop
