// A router, a firewall or a NAT that holds so many connections, each for so long, and drops new ones while its table is
// full: it looks like a host that goes away after some number of probes, and is back when nothing has been sent for a
// while.
//
// Happy path: nothing happens.
//
// What goes wrong:
//   - a silence ends by itself, silence_ended(): the first time it may be anything
//   - the second time the rate becomes what a table lets through that holds as many connections as went through before
//     the silence, for as long as it lasted
//   - again, although the rate was limited: it is halved, twice at most, or a path that is bad in another way would end
//     at a probe an hour
//   - the scan comes no further from one silence to the next, slow_down(): it is halved each time
//   - a silence of a second or two, or after tens of thousands of probes: no such table
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop {

/// Not thread-safe: one for each loop. Serials are SendControl's, in the order sent.
class FlowLimit {
 public:
  static constexpr uint64_t min_flow_hold_us = 4'000'000;
  static constexpr uint64_t min_table_flows = 512;

  /// An ask was answered.
  void answered(uint64_t serial, uint64_t now_us) {
    answered_serial_ = std::max(answered_serial_, serial);
    answered_us_ = now_us;
  }
  /// A silence of all hosts is ended by an answer that answered() has not been told of yet; `next_serial` is that of
  /// the next ask.
  void silence_ended(uint64_t next_serial, uint64_t now_us) {
    const uint64_t flows = flows_now();
    last_flows_ = flows;
    last_hold_us_ = now_us - answered_us_;
    last_rate_per_s_ = static_cast<double>(next_serial - recovered_serial_) * 1e6 /
                       static_cast<double>(std::max<uint64_t>(1, now_us - recovered_us_));
    recovered_serial_ = next_serial;
    recovered_us_ = now_us;
    if (now_us - answered_us_ < min_flow_hold_us || flows > max_table_flows) return;
    if (++silences_ > 2) {
      if (silences_ <= 2 + max_halvings) rate_per_s_ = std::max(min_flow_rate_per_s, rate_per_s_ / 2);
      return;
    }
    flows_ = std::max(flows_, flows);
    hold_us_ = std::max<uint64_t>(hold_us_, now_us - answered_us_);
    if (silences_ < 2) return;
    const double full_per_s = static_cast<double>(flows_) * 1e6 / static_cast<double>(hold_us_);
    rate_per_s_ = std::max(min_flow_rate_per_s, share_of_flow_rate * full_per_s);
  }

  /// The scan came no further between the last two silences: whatever the path is, it gets half of what it got then.
  void slow_down() {
    if (rate_per_s_ == 0) {
      flows_ = last_flows_;
      hold_us_ = last_hold_us_;
      rate_per_s_ = last_rate_per_s_;
    }
    rate_per_s_ = std::max(min_flow_rate_per_s, std::min(rate_per_s_, last_rate_per_s_) / 2);
  }

  /// Whether a silence that begins now may be that of a small table.
  bool may_be_full() const { return flows_now() <= max_small_table; }
  /// Whether enough was sent since the last silence to fill the smallest of tables.
  bool may_fill_table(uint64_t next_serial) const { return next_serial - recovered_serial_ >= min_table_flows; }
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
  static constexpr uint64_t max_table_flows = 65'536;
  // A larger one does not fill up in the time that its entries live, unless a scan is far faster than most.
  static constexpr uint64_t max_small_table = 8192;

  /// Asks since the last silence, up to the last one that was answered.
  uint64_t flows_now() const { return std::max(answered_serial_, recovered_serial_) - recovered_serial_ + 1; }

  uint64_t answered_serial_ = 0;
  uint64_t answered_us_ = 0;
  uint64_t recovered_serial_ = 0;
  uint64_t recovered_us_ = 0;
  uint64_t last_flows_ = 0, last_hold_us_ = 0;
  double last_rate_per_s_ = 0;  // between the last two silences
  uint32_t silences_ = 0;
  uint64_t flows_ = 0;
  uint64_t hold_us_ = 0;
  double rate_per_s_ = 0;
};

}  // namespace portloop
