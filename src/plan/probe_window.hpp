// How many unanswered probes the network may hold at once, and how fast they follow each other: a congestion
// window that learns from the share of probes that are answered.
//
// Happy path: sent() opens an entry, answered() or the soft deadline judges it, each judged entry lets the
// window grow, and a round (a window's worth of entries) of which as many were answered as of the rounds
// before lets it grow on. Silence alone is no sign of anything: most ports of a filtered host are silent.
// In random order the share of answers is constant, so only its FALL while the window grows means overload.
//
// What goes wrong, and what happens then:
//   - answers come faster than we can take them, or
//     most of them later than their hosts once did  -> no growth: what is added waits in a queue, ours or the path's, and
//                                                       costs memory and cache
//   - the share of first asks falls                 -> the window shrinks, slow start ends
//   - known answerers are silent during a retry pass -> probes are spaced at the rate that was answered
//   - rounds sent before a cut say what led to it    -> they are ignored
//   - no answer at all                               -> growth goes on, up to the cap: nothing speaks against it
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>

#include "core/rtt_estimator.hpp"

namespace portloop {

/// Why a probe is sent.
enum class ProbeKind : uint8_t {
  fresh,  ///< A port's first ask.
  retry,  ///< A silent port, asked again.
  check,  ///< A port that is known to answer, asked again to measure loss.
};

struct WindowOptions {
  bool adaptive = true;
  uint32_t max_in_flight = 1000;
  double rate_per_s = 0;  ///< The user's limit; 0 for none.
};

/// What the loops of a scan tell each other. Relaxed atomics: a value that is a round old is as good.
struct SharedPace {
  /// The most answers a second that a loop had from ports asked again, of late.
  std::atomic<uint32_t> delivered_per_s{0};
};

/// Not thread-safe: one for each loop. Times are microseconds of any monotonic clock.
class ProbeWindow {
 public:
  /// `pace` outlives the window.
  ProbeWindow(const WindowOptions& options, SharedPace& pace);

  /// Whether a probe may be sent now, as far as the network is concerned.
  bool may_send(uint64_t now_us) const;
  /// When the rate allows the next probe; only meaningful where the window itself has room.
  uint64_t next_send_us() const { return next_send_us_; }
  bool has_room() const { return !options_.adaptive || young_ < static_cast<uint32_t>(size_); }
  /// When the oldest unjudged probe's soft deadline passes; UINT64_MAX where there is none.
  uint64_t next_judgement_us() const;

  /// Answers the serial number under which answered() is called.
  uint64_t sent(ProbeKind kind, uint64_t now_us);
  void answered(uint64_t serial);
  /// A router or a firewall answered for the port. That makes room, but counts as silence: such answers are limited to so
  /// many a second, so that their share falls as the rate rises, although nothing is lost.
  void path_answered(uint64_t serial);
  /// While answers wait to be taken, a larger window buys nothing: it does not grow.
  void answers_wait(bool wait) { answers_wait_ = wait; }
  /// `min_rtt_us`: the shortest of the same host, this one included.
  void rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us);
  /// Judges what is past its soft deadline. Call before may_send().
  void advance(uint64_t now_us);
  /// The share of answers of the retry passes before says nothing of the next one's.
  void begin_retry_pass();

  /// Of how many asks in a retry pass one should be a check.
  uint32_t asks_per_check() const;

  const RttEstimator& rtt() const { return rtt_; }
  double size() const { return size_; }
  /// Probes per second that overload has taught; 0 where nothing limits.
  double learned_rate_per_s() const { return learned_rate_per_s_; }

 private:
  struct Entry {
    uint64_t sent_us;
    ProbeKind kind;
    bool answered;
    bool over;  // nothing more is awaited: it was answered, or the path answered for it
  };
  struct Tally {
    uint32_t asked = 0;
    uint32_t answered = 0;
    double share() const { return asked == 0 ? 0 : static_cast<double>(answered) / asked; }
  };
  /// The shares of the last rounds, so that a fall is seen against the best of them.
  class ShareHistory {
   public:
    void clear() { used_ = 0; }
    void add(double share);
    double best() const;

   private:
    std::array<double, 16> shares_{};
    uint32_t used_ = 0;
    uint32_t next_ = 0;
  };

  Entry* end(uint64_t serial);
  uint64_t soft_deadline_us() const;
  void judge(const Entry& entry);
  void close_round();
  void close_fresh_round();
  void close_retry_round();
  bool may_grow() const { return was_full_ && !answers_wait_ && 2 * queued_ <= samples_; }
  void grow();
  double shared_floor_per_s(double delivered_per_s);
  static bool has_fallen(const Tally& tally, double best);

  WindowOptions options_;
  SharedPace& pace_;
  RttEstimator rtt_;
  double size_;
  double round_start_size_;  // what a cut is measured from: growth within the round was a mistake
  bool slow_start_ = true;
  bool answers_wait_ = false;
  bool was_full_ = false;  // the window, not something else, held probes back in this round
  uint32_t young_ = 0;     // sent, not answered, not past the soft deadline

  std::deque<Entry> entries_;  // in the order sent; the front is the oldest unjudged
  uint64_t first_serial_ = 0;  // of entries_.front()

  Tally fresh_, retry_, check_;  // of the round
  uint32_t samples_ = 0;         // round-trip times, those of rounds before at half the weight for each
  uint32_t queued_ = 0;          // of them, far above their hosts' shortest
  uint64_t round_ends_ = 0;      // serial behind the round's last entry
  uint64_t round_first_us_ = 0;
  uint64_t round_last_us_ = 0;
  uint64_t ignore_before_ = 0;  // rounds that end before this serial were sent before the last cut
  ShareHistory fresh_history_, retry_history_;

  double learned_rate_per_s_ = 0;
  uint32_t good_rounds_ = 0;  // since the learned rate was last cut
  uint64_t next_send_us_ = 0;
};

}  // namespace portloop
