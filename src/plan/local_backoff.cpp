#include "plan/local_backoff.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {
namespace {

constexpr uint64_t pause_us = 50'000;
constexpr uint8_t max_pause_doublings = 6;
constexpr uint8_t max_local_failures = 9;

// Each one that is given up after the first is waited for less, until it is a single pause; from then on the pause is
// halved for each so many, or the ports of a whole host would wait for an hour.
constexpr uint32_t given_up_until_half_pause = 16;
constexpr uint32_t max_given_up = max_local_failures + 32 * given_up_until_half_pause;

// If descriptors run out, the rest of the process needs some as well.
constexpr uint32_t descriptors_to_spare = 16;
// If something else does, its amount is not known.
constexpr double share_kept = 0.75;

// With each ask that ends the limit recovers by this much.
constexpr double recovery_per_ask = 0.01;

}  // namespace

bool LocalBackoff::gives_up(const Entry& entry) const {
  return entry.error_number != 0 && entry.ask.local_failures + given_up_ >= max_local_failures;
}

void LocalBackoff::failed(const Ask& ask, bool keep, int error_number, bool descriptors, uint32_t in_flight,
                          uint64_t now_us) {
  Entry entry{ask, error_number};
  uint64_t wait_us = pause_us;
  if (in_flight == 0) {
    wait_us <<= std::min(entry.ask.local_failures, max_pause_doublings);
    ++entry.ask.local_failures;
    if (given_up_ > max_local_failures) wait_us >>= (given_up_ - max_local_failures) / given_up_until_half_pause;
  }
  if (keep) entries_.push_back(entry);
  const double fewer = descriptors ? in_flight - std::min(in_flight, descriptors_to_spare) : in_flight * share_kept;
  limit_ = std::max(1.0, std::min(limit_, fewer));
  pause_until_us_ = now_us + wait_us;
}

void LocalBackoff::set_max_in_flight(uint32_t max_in_flight) {
  const bool lowered = limit_ < max_in_flight_;
  limit_ = lowered ? std::min<double>(limit_, max_in_flight) : max_in_flight;
  max_in_flight_ = max_in_flight;
}

void LocalBackoff::ask_ended() {
  limit_ = std::min<double>(limit_ + recovery_per_ask, max_in_flight_);
  given_up_ = 0;
}

LocalBackoff::Entry LocalBackoff::take_last() {
  assert(!entries_.empty());
  const Entry entry = entries_.back();
  given_up_ = std::min(given_up_ + gives_up(entry), max_given_up);
  entries_.pop_back();
  return entry;
}

}  // namespace portloop
