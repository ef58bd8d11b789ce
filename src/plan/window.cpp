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

}  // namespace

Window::Window(uint32_t max_in_flight)
    : max_in_flight_(max_in_flight), size_(initial_size), round_start_size_(initial_size) {}

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
  const double floor = queue_.is_ours()
                           ? min_size
                           : std::max(min_size, min_fresh_rate_per_s * static_cast<double>(soft_deadline_us) * 1e-6);
  size_ = std::max(floor, std::min(size_, round_start_size_) * std::max(0.5, 0.95 * fresh.share() / best));
  slow_start_ = false;
  return true;
}

bool Window::limit_queue() {
  const double limited = queue_.limited_window(size_, min_size);
  const bool cut = limited < size_;
  if (cut) slow_start_ = false;
  size_ = limited;
  return cut;
}

void Window::begin_round() {
  queue_.begin_round();
  was_full_ = false;
  round_start_size_ = size_;
}

}  // namespace portloop
