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

}  // namespace

Window::Window(uint32_t max_in_flight)
    : max_in_flight_(max_in_flight), size_(initial_size), round_start_size_(initial_size) {}

void Window::rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us) {
  ++samples_;
  queued_ += rtt_us > 2 * min_rtt_us + tolerated_queue_us;
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
  const double floor = std::max(min_size, min_fresh_rate_per_s * static_cast<double>(soft_deadline_us) * 1e-6);
  size_ = std::max(floor, std::min(size_, round_start_size_) * std::max(0.5, 0.95 * fresh.share() / best));
  slow_start_ = false;
  return true;
}

void Window::begin_round() {
  samples_ /= 2;
  queued_ /= 2;
  was_full_ = false;
  round_start_size_ = size_;
}

}  // namespace portloop
