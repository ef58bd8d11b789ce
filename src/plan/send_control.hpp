// When a probe may be sent, as far as the network is concerned: judges what was sent, in rounds, and lets the window
// and the pacer learn from each round.
//
// Happy path: sent() opens an entry; answered() ends it, or its soft deadline passes; advance() judges ended entries in
// the order sent; after a window's worth of them a round has ended, and the controllers learn from it.
//
// What goes wrong:
//   - an answer comes after its soft deadline: it is the port's answer all the same, but the entry was judged as silent
//   - a controller cuts: entries that were sent before the cut carry the same news, and their rounds are ignored
//   - a router answers for the port: that ends the entry, and counts as silence (path_answered())
#pragma once

#include <cstdint>
#include <deque>

#include "core/rtt_estimator.hpp"
#include "plan/pacer.hpp"
#include "plan/window.hpp"

namespace portloop {

struct SendOptions {
  bool adaptive = true;  ///< false: the window is max_in_flight throughout.
  uint32_t max_in_flight = 1000;
  double max_rate_per_s = 0;  ///< The user's limit; 0 for none.
};

/// Not thread-safe: one for each loop. Times are microseconds of any monotonic clock.
class SendControl {
 public:
  /// `pace` outlives this.
  SendControl(const SendOptions& options, SharedPace& pace);

  bool may_send(uint64_t now_us) const { return has_room() && now_us >= pacer_.next_send_us(); }
  bool has_room() const { return !adaptive_ || young_ < static_cast<uint32_t>(window_.size()); }
  /// When the rate allows the next probe. Only meaningful if the window has room.
  uint64_t next_send_us() const { return pacer_.next_send_us(); }
  /// When the soft deadline of the oldest entry passes; UINT64_MAX if there is none.
  uint64_t next_judgement_us() const;

  /// Returns the serial number to call answered() with. `judged`: whether it is answered is a measure of the path.
  uint64_t sent(ProbeKind kind, uint64_t now_us, bool judged = true);
  void answered(uint64_t serial);
  /// A router or a firewall answered for the port. That makes room, but counts as silence: such errors are limited to
  /// so many a second, so that their share falls as the rate rises although nothing is lost.
  void path_answered(uint64_t serial) { end(serial); }
  /// The entry's round-trip time. `min_rtt_us`: the shortest of the same host, this sample included.
  void rtt_sample(uint64_t serial, uint64_t rtt_us, uint64_t min_rtt_us);
  void answers_wait(bool wait) { window_.answers_wait(wait); }
  /// Judges what has ended or is past its soft deadline. Call before may_send().
  void advance(uint64_t now_us);
  /// Both may change at any time.
  void set_limits(uint32_t max_in_flight, double max_rate_per_s) {
    window_.set_max_in_flight(max_in_flight);
    pacer_.set_max_rate(max_rate_per_s);
  }
  /// Nothing was sent for a while, for reasons of our own: what was sent before and what is sent now are no round.
  void interrupted() {
    round_ = {};
    round_end_serial_ = next_serial();
  }
  /// What was sent so far is no measure of what the path carries.
  void forget_rounds();
  /// Fresh asks from now on are answered in another share than those before.
  void begin_other_ports() {
    forget_rounds();
    other_ports_from_serial_ = next_serial();
    window_.begin_other_ports();
  }
  void limit_rate(double rate_per_s) { pacer_.limit(rate_per_s); }
  uint64_t next_serial() const { return first_serial_ + entries_.size(); }
  void begin_retry_pass() { pacer_.begin_pass(); }

  double window_size() const { return window_.size(); }
  double learned_rate_per_s() const { return pacer_.learned_rate_per_s(); }
  bool queue_is_ours() const { return window_.queue_is_ours(); }
  uint32_t asks_per_check() const { return pacer_.asks_per_check(); }

 private:
  struct Entry {
    uint64_t sent_us;
    ProbeKind kind;
    bool judged;
    bool answered;  // by the port itself
    bool ended;     // by the port or the path
  };

  Entry* end(uint64_t serial);
  uint64_t soft_deadline_us() const;
  void judge(const Entry& entry, uint64_t serial);
  void end_round();

  bool adaptive_;
  Window window_;
  Pacer pacer_;
  RttEstimator rtt_;                // of all hosts
  uint64_t recent_max_rtt_us_ = 0;  // fades with each sample
  uint32_t young_ = 0;              // entries that have neither ended nor passed their soft deadline

  std::deque<Entry> entries_;  // in the order sent; the front is the oldest that is not judged
  uint64_t first_serial_ = 0;  // of entries_.front()
  Round round_;
  uint64_t round_end_serial_;             // the first serial after this round
  uint64_t other_ports_from_serial_ = 0;  // fresh asks before it are no part of any round
  uint64_t ignore_before_serial_ = 0;     // rounds that end before it were sent before the last cut
};

}  // namespace portloop
