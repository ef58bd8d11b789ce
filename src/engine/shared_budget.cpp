#include "engine/shared_budget.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace portloop {
namespace {

// The longest burst that a rate lets through at once: two ticks of a millisecond timer.
constexpr uint64_t burst_us = 2000;

// How long a permit is kept for the member that has the best right to it.
constexpr uint64_t max_reserved_us = 10'000;

}  // namespace

void SharedBudget::set_max_in_flight(uint32_t max_in_flight) {
  if (is_forked()) return;
  const std::lock_guard lock(mutex_);
  max_in_flight_ = max_in_flight;
  wake_all();
}

void SharedBudget::set_max_rate(double max_rate_per_s) {
  if (is_forked()) return;
  const std::lock_guard lock(mutex_);
  max_rate_per_s_ = max_rate_per_s;
  next_send_us_ = max_rate_per_s > 0 ? last_send_us_ + interval_us() : 0;
  wake_all();
}

void SharedBudget::join(Member& member) {
  const std::lock_guard lock(mutex_);
  members_.push_back(&member);
}

void SharedBudget::leave(Member& member) {
  const std::lock_guard lock(mutex_);
  assert(member.in_flight_ == 0 && !member.waits_);
  std::erase(members_, &member);
}

uint64_t SharedBudget::take(Member& member, uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (in_flight_ >= max_in_flight_) return std::numeric_limits<uint64_t>::max();
  if (now_us < next_send_us_) return next_send_us_;
  const uint64_t reserved_until_us = std::max(free_since_us_, next_send_us_) + max_reserved_us;
  const auto has_right = [&](const Member* other) {
    return other != &member && other->waits_ && has_better_right(*other, member);
  };
  if (now_us < reserved_until_us && std::any_of(members_.begin(), members_.end(), has_right)) return reserved_until_us;
  ++in_flight_;
  ++member.in_flight_;
  member.take_before_ = std::exchange(member.last_take_, ++takes_);
  member.waits_ = false;
  last_send_us_ = std::max(next_send_us_, now_us > burst_us ? now_us - burst_us : 0);
  if (max_rate_per_s_ > 0) next_send_us_ = last_send_us_ + interval_us();
  return 0;
}

void SharedBudget::give_back(Member& member, uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  return_permit(member, now_us);
}

void SharedBudget::give_back_unused(Member& member, uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (max_rate_per_s_ > 0) {
    last_send_us_ -= std::min(last_send_us_, interval_us());
    next_send_us_ -= std::min(next_send_us_, interval_us());
  }
  member.last_take_ = member.take_before_;
  return_permit(member, now_us);
}

void SharedBudget::return_permit(Member& member, uint64_t now_us) {
  assert(in_flight_ > 0 && member.in_flight_ > 0);
  if (in_flight_ == max_in_flight_) free_since_us_ = now_us;
  --in_flight_;
  --member.in_flight_;
  wake_one(now_us);
}

void SharedBudget::wait(Member& member, uint64_t retry_us, uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  member.waits_ = true;
  member.is_woken_ = false;
  member.has_timer_ = retry_us != std::numeric_limits<uint64_t>::max();
  if (!member.has_timer_) wake_one(now_us);  // what it waits for may have happened meanwhile
}

void SharedBudget::stop_waiting(Member& member, uint64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (!member.waits_) return;
  member.waits_ = false;
  wake_one(now_us);
}

uint32_t SharedBudget::fair_share() const {
  return std::max(1U, max_in_flight_ / static_cast<uint32_t>(std::max<size_t>(1, members_.size())));
}

bool SharedBudget::has_better_right(const Member& one, const Member& other) const {
  const bool one_has_its_share = one.in_flight_ >= fair_share();
  const bool other_has_its_share = other.in_flight_ >= fair_share();
  if (one_has_its_share != other_has_its_share) return other_has_its_share;
  return max_rate_per_s_ > 0 && one.last_take_ < other.last_take_;
}

uint64_t SharedBudget::interval_us() const { return static_cast<uint64_t>(1e6 / max_rate_per_s_); }

/// If there is a permit: the member that waits and has the best right to it. One that has to wait for the rate is woken
/// so that it sets its timer.
void SharedBudget::wake_one(uint64_t now_us) {
  if (in_flight_ >= max_in_flight_) return;
  Member* best = nullptr;
  for (Member* member : members_) {
    if (!member->waits_ || member->is_woken_ || (member->has_timer_ && now_us < next_send_us_)) continue;
    if (best == nullptr || has_better_right(*member, *best)) best = member;
  }
  if (best == nullptr) return;
  best->is_woken_ = true;
  best->wake();
}

void SharedBudget::wake_all() {
  for (Member* member : members_) {
    if (!member->waits_) continue;
    member->is_woken_ = true;
    member->wake();
  }
}

}  // namespace portloop
