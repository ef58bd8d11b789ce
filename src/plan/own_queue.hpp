// Whether what is sent waits in a queue, and whether that queue is our own: a slow uplink loses nothing for a while,
// but each answer comes later than the one before.
//
// Happy path: the delay above the hosts' shortest round-trip times stays short.
//
// What goes wrong:
//   - it becomes too long: the window is cut to what keeps it short (limited_window())
//   - cuts don't make it shorter: the queue is somebody else's, or no queue but jitter. The window is what it was, and
//     such delays are tolerated from then on
#pragma once

#include <cstdint>

namespace portloop {

/// Not thread-safe: one for each loop.
class OwnQueue {
 public:
  /// `min_rtt_us`: the shortest of the same host, this sample included. `since_cut`: its probe was sent after the last
  /// cut.
  void rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us, bool since_cut);
  void begin_round();

  /// Whether most recent answers came far later than their hosts' shortest round-trip times.
  bool answers_are_late() const { return 2 * late_ > samples_; }
  /// Whether the window has been cut for the queue's sake, and that was not futile.
  bool is_ours() const { return is_ours_; }
  /// A round has ended whose probes were sent after the last cut. Returns the window's new size: smaller than `size`
  /// after a cut, larger if the last ones were futile, else the same.
  double limited_window(double size, double min_size);

 private:
  bool last_cut_was_futile(double size) const;

  uint32_t samples_ = 0;  // round-trip times; those of earlier rounds at half the weight for each round
  uint32_t late_ = 0;     // of them, far above their hosts' shortest
  // Of what was sent since the last cut, smoothed: the time above the hosts' shortest round-trip times, and these.
  uint32_t samples_since_cut_ = 0;
  double delay_us_ = 0;
  double base_us_ = 0;

  double foreign_delay_us_ = 0;     // tolerated, because no cut made it shorter
  double delay_before_cut_us_ = 0;  // 0 if the last cut has been judged
  double size_before_cut_ = 0;
  uint32_t futile_cuts_ = 0;  // in a row
  double size_before_futile_cuts_ = 0;
  bool is_ours_ = false;
};

}  // namespace portloop
