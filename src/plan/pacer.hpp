// How fast probes follow each other: the user's rate, and the rate that overload has taught in retry passes.
//
// Happy path: no rate is learned. Once known answerers stay silent in a retry pass, or the share of answered retries
// falls, the rate becomes what was answered; each good round raises it again.
//
// What goes wrong:
//   - the checks were too few to measure well: the rate never falls below what was actually answered
//   - two loops share a limited host, and the faster one takes all answers: a quarter of the highest rate that any loop
//     was answered at (SharedPace) is the floor for all
#pragma once

#include <atomic>
#include <cstdint>

#include "plan/round.hpp"

namespace portloop {

/// What the loops of a scan share. Relaxed atomics: a value that is one round old is as good.
struct SharedPace {
  /// The highest recent rate of answers to retries that any loop has had.
  std::atomic<uint32_t> delivered_per_s{0};
};

/// Not thread-safe: one for each loop.
class Pacer {
 public:
  /// `max_rate_per_s`: the user's limit; 0 for none. `shared` outlives the pacer.
  Pacer(double max_rate_per_s, SharedPace& shared) : max_rate_per_s_(max_rate_per_s), shared_(shared) {}

  /// The user's limit changes; 0 for none.
  void set_max_rate(double max_rate_per_s);
  /// No more than this from now on, beside the user's limit; 0 for none.
  void limit(double rate_per_s) { flow_rate_per_s_ = rate_per_s; }
  /// When the next probe may be sent.
  uint64_t next_send_us() const { return next_send_us_; }
  void sent(uint64_t now_us);

  /// Probes a second that overload has taught; 0 if nothing limits.
  double learned_rate_per_s() const { return learned_rate_per_s_; }
  /// Probes that the next round should have: about a third of a second's at a learned rate, else `window`'s.
  double round_length(double window) const;
  /// Whether a retry round has enough probes to be judged.
  bool is_judgeable(const Round& round) const;
  /// Of how many asks of a retry pass one should be a check.
  uint32_t asks_per_check() const;

  /// Shares of answers differ from one retry pass to the next.
  void begin_pass() { history_.clear(); }
  /// A judgeable round without first asks has ended. Returns whether the rate was cut: rounds that were sent before
  /// tell no more than this one.
  bool retry_round_ended(const Round& round);
  /// A round without a sign of overload has ended.
  void grow();

 private:
  double rate_per_s() const;
  double shared_floor_per_s(double delivered_per_s);

  double max_rate_per_s_;
  SharedPace& shared_;
  double flow_rate_per_s_ = 0;  // 0 for none
  double learned_rate_per_s_ = 0;
  uint32_t good_rounds_ = 0;   // since the learned rate was last cut
  uint64_t last_send_us_ = 0;  // as the rate had it: a late probe does not delay the next one
  uint64_t next_send_us_ = 0;
  ShareHistory history_;  // of this pass, if most retries are answered
};

}  // namespace portloop
