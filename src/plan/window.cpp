#include "plan/window.hpp"

#include <algorithm>

namespace portloop {
namespace {

// What a path is trusted with before it has answered: about the initial windows of 40 TCP connections, and 4,000 probes
// a second if nothing answers.
constexpr double initial_size = 400;
constexpr double min_size = 16;

// First asks are never slower than this, even if their answers are lost: what is lost is asked again at the rate that
// was answered, and an open port should be known within seconds.
constexpr double min_fresh_rate_per_s = 4000;

// A round-trip time that is longer than twice the host's shortest and this is a sign of a queue, as HyStart++ (RFC
// 9406) takes a rise of the round-trip time for a full pipe. Longer than its 16 ms, because answers come in bursts
// here, and a window that is too large does little harm.
constexpr uint64_t tolerated_queue_us = 20'000;

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

Window::Window(uint32_t max_in_flight)
    : max_in_flight_(max_in_flight),
      size_(initial_size),
      round_start_size_(initial_size),
      max_queue_us_(max_own_queue_us) {}

void Window::rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us, bool since_cut) {
  ++samples_;
  const auto foreign_us = static_cast<uint64_t>(foreign_queue_us_);
  queued_ += rtt_us > 2 * min_rtt_us + std::max(tolerated_queue_us, foreign_us);
  if (!since_cut) return;
  const double gain = 1.0 / std::min(++queue_samples_, queue_memory);
  queue_us_ += gain * (static_cast<double>(rtt_us - std::min(min_rtt_us, rtt_us)) - queue_us_);
  base_us_ += gain * (static_cast<double>(min_rtt_us) - base_us_);
}

void Window::judged() {
  if (slow_start_ && may_grow()) size_ = std::min<double>(size_ + 1, max_in_flight_);
}

void Window::grow() {
  if (!slow_start_ && may_grow()) size_ = std::min<double>(size_ * 1.1 + 2, max_in_flight_);
}

bool Window::fresh_round_ended(const Tally& fresh, uint64_t soft_deadline_us) {
  const double best = history_.best();
  history_.add(fresh.share());
  if (!has_fallen(fresh, best)) {
    grow();
    return false;
  }
  // A limited host answers what it answers at once; behind a queue of our own everything would be lost.
  const double floor = queue_is_ours_
                           ? min_size
                           : std::max(min_size, min_fresh_rate_per_s * static_cast<double>(soft_deadline_us) * 1e-6);
  size_ = std::max(floor, std::min(size_, round_start_size_) * std::max(0.5, 0.95 * fresh.share() / best));
  slow_start_ = false;
  return true;
}

/// Whether the queue is hardly shorter although the window was made clearly smaller.
bool Window::last_cut_was_futile() const {
  return size_ < share_of_foreign_queue * size_before_cut_ && queue_us_ > share_of_foreign_queue * queue_before_cut_us_;
}

bool Window::limit_queue() {
  if (queue_samples_ < min_queue_samples) return false;
  if (queue_before_cut_us_ > 0) {
    if (futile_cuts_ == 0) size_before_futile_cuts_ = size_before_cut_;
    futile_cuts_ = last_cut_was_futile() ? futile_cuts_ + 1 : 0;
    queue_before_cut_us_ = 0;
    queue_is_ours_ = futile_cuts_ < max_futile_cuts;
    if (!queue_is_ours_) {
      futile_cuts_ = 0;
      size_ = std::max(size_, size_before_futile_cuts_);
      foreign_queue_us_ = 2 * queue_us_;
      max_queue_us_ = std::max(max_queue_us_, foreign_queue_us_);
      return false;
    }
  }
  if (queue_us_ <= max_queue_us_) return false;
  queue_before_cut_us_ = queue_us_;
  size_before_cut_ = size_;
  size_ = std::max(min_size, size_ * std::max(max_queue_cut, (base_us_ + max_queue_us_ / 2) / (base_us_ + queue_us_)));
  slow_start_ = false;
  queue_is_ours_ = true;
  queue_samples_ = 0;
  return true;
}

void Window::begin_round() {
  samples_ /= 2;
  queued_ /= 2;
  was_full_ = false;
  round_start_size_ = size_;
}

}  // namespace portloop
