#include "plan/own_queue.hpp"

#include <algorithm>

namespace portloop {
namespace {

// A round-trip time that is longer than twice the host's shortest and this is a sign of a queue, as HyStart++ (RFC
// 9406) takes a rise of the round-trip time for a full pipe. Longer than its 16 ms, because answers come in bursts
// here, and a window that is too large does little harm.
constexpr double tolerated_queue_us = 20'000;

// The delay that we let our own queue grow to. LEDBAT (RFC 6817) allows 100 ms; longer, because it is measured against
// jitter, and shorter than the shortest timeout.
constexpr double max_own_queue_us = 150'000;
constexpr uint32_t min_queue_samples = 16;
constexpr uint32_t queue_memory = 32;
constexpr double max_queue_cut = 0.1;
// A queue that keeps this share of its delay when the window is cut is somebody else's, or jitter.
constexpr double share_of_foreign_queue = 0.75;
// The first cut may come while the queue still rises.
constexpr uint32_t max_futile_cuts = 2;

}  // namespace

void OwnQueue::rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us, bool since_cut) {
  const auto rtt = static_cast<double>(rtt_us);
  const auto min_rtt = static_cast<double>(std::min(min_rtt_us, rtt_us));
  ++samples_;
  late_ += rtt > 2 * min_rtt + std::max(tolerated_queue_us, foreign_delay_us_);
  if (!since_cut) return;
  const double gain = 1.0 / std::min(++samples_since_cut_, queue_memory);
  delay_us_ += gain * (rtt - min_rtt - delay_us_);
  base_us_ += gain * (min_rtt - base_us_);
}

void OwnQueue::begin_round() {
  samples_ /= 2;
  late_ /= 2;
}

/// Whether the queue is hardly shorter although the window was made clearly smaller.
bool OwnQueue::last_cut_was_futile(double size) const {
  return size < share_of_foreign_queue * size_before_cut_ && delay_us_ > share_of_foreign_queue * delay_before_cut_us_;
}

double OwnQueue::limited_window(double size, double min_size) {
  if (samples_since_cut_ < min_queue_samples) return size;
  if (delay_before_cut_us_ > 0) {
    if (futile_cuts_ == 0) size_before_futile_cuts_ = size_before_cut_;
    futile_cuts_ = last_cut_was_futile(size) ? futile_cuts_ + 1 : 0;
    delay_before_cut_us_ = 0;
    if (futile_cuts_ == max_futile_cuts) {
      futile_cuts_ = 0;
      is_ours_ = false;
      foreign_delay_us_ = 2 * delay_us_;
      return std::max(size, size_before_futile_cuts_);
    }
  }
  const double max_delay_us = std::max(max_own_queue_us, foreign_delay_us_);
  if (delay_us_ <= max_delay_us) return size;
  delay_before_cut_us_ = delay_us_;
  size_before_cut_ = size;
  is_ours_ = true;
  samples_since_cut_ = 0;
  return std::max(min_size, size * std::max(max_queue_cut, (base_us_ + max_delay_us / 2) / (base_us_ + delay_us_)));
}

}  // namespace portloop
