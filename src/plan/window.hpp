// How many unanswered probes the network may hold at once: a congestion window over first asks.
//
// Happy path: each judged probe lets the window grow by one (slow start) until the share of answered first asks falls;
// the window is cut to that share, and from then on grows by a tenth in each round that is as good as the ones before.
//
// What goes wrong:
//   - answers arrive faster than they are processed, or far later than their hosts' shortest round-trip time: a larger
//     window would only queue more, here or on the path; it does not grow (may_grow())
//   - the window fills a deep queue, and answers come so late that they are taken for silence: it is cut to what keeps
//     the queue short (limit_queue(), own_queue)
//   - nothing at all is answered: growth continues up to the limit, because nothing speaks against it
#pragma once

#include <cstdint>

#include "plan/own_queue.hpp"
#include "plan/round.hpp"

namespace portloop {

/// Not thread-safe: one for each loop.
class Window {
 public:
  explicit Window(uint32_t max_in_flight);

  void set_max_in_flight(uint32_t max_in_flight) { max_in_flight_ = max_in_flight; }
  double size() const { return size_; }

  bool queue_is_ours() const { return queue_.is_ours(); }

  /// The window, not something else, held a probe back in this round.
  void was_full() { was_full_ = true; }
  /// Answers are waiting to be processed.
  void answers_wait(bool wait) { answers_wait_ = wait; }
  /// `min_rtt_us`: the shortest of the same host, this sample included. `since_cut`: its probe was sent after the last
  /// cut.
  void rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us, bool since_cut) {
    queue_.rtt_sample(rtt_us, min_rtt_us, since_cut);
  }

  /// A probe was answered or its soft deadline passed.
  void judged();
  /// A round with enough first asks has ended. Returns whether the window was cut: rounds that were sent before tell no
  /// more than this one. `soft_deadline_us` is how long a probe counts as in flight.
  bool fresh_round_ended(const Tally& fresh, uint64_t soft_deadline_us);
  /// A round without a sign of overload has ended.
  void grow();
  /// The share of first asks that is answered changes: nothing is known of what comes.
  void begin_other_ports() { history_.clear(); }
  void end_slow_start() { slow_start_ = false; }
  /// A round has ended whose probes were sent after the last cut. Returns whether the window was cut because its probes
  /// wait too long in a queue that they make themselves.
  bool limit_queue();
  /// After every round.
  void begin_round();

 private:
  bool may_grow() const { return was_full_ && !answers_wait_ && !queue_.answers_are_late(); }

  uint32_t max_in_flight_;
  double size_;
  double round_start_size_;  // a cut starts from here: growth within the round was a mistake
  bool slow_start_ = true;
  bool answers_wait_ = false;
  bool was_full_ = false;
  OwnQueue queue_;
  ShareHistory history_;
};

}  // namespace portloop
