#include "plan/path_watch.hpp"

#include <algorithm>
#include <cassert>

#include "core/permutation.hpp"

namespace portloop {
namespace {

constexpr uint64_t min_path_silence_us = 1'000'000;

constexpr uint32_t witnesses_at_once = 4;

// A scan that has run for hours waits longer for its network than one that has just begun.
constexpr uint64_t patience_divisor = 4;
constexpr uint64_t max_patience_us = 600'000'000;

}  // namespace

void PathWatch::add_witness(const Witness& witness) {
  std::optional<Place>& place = places_[mix64(witness.target) % places_.size()];
  witnesses_ += !place;
  // A RST costs its host nothing; a connection is logged, and a server that counts them may shut us out.
  if (place && place->witness.target == witness.target && witness.kind < place->witness.kind) return;
  closed_witnesses_ -= place && place->witness.kind == Answerer::closed;
  closed_witnesses_ += witness.kind == Answerer::closed;
  place = Place{witness};
}

void PathWatch::note_life(uint64_t now_us) {
  if (last_life_us_ != 0 && now_us - last_life_us_ > quiet_us) {
    silent_from_us_ = last_life_us_;
    silent_until_us_ = now_us;
  }
  last_life_us_ = now_us;
}

bool PathWatch::heard(uint64_t now_us) {
  if (first_answer_us_ == 0) first_answer_us_ = now_us;
  note_life(now_us);
  last_answer_us_ = now_us;
  doubt_ = 0;
  proof_wanted_ = false;
  burst_left_ = 0;
  const bool was_suspended = suspended();
  schedule_.reset();
  return was_suspended && !lost_;
}

void PathWatch::silent(double expected_answers, uint64_t now_us, uint32_t recovery_checks) {
  doubt_ += expected_answers;
  if (suspended() || lost_ || doubt_ < max_path_doubt || witnesses_ < min_witnesses) return;
  if (now_us - last_answer_us_ < std::max(min_path_silence_us, 2 * max_deadline_us())) return;
  suspend(now_us, recovery_checks);
}

uint64_t PathWatch::max_deadline_us() const {
  uint64_t deadline_us = 0;
  for (const std::optional<Place>& place : places_) {
    if (place) deadline_us = std::max(deadline_us, place->witness.rtt.deadline_us());
  }
  return deadline_us;
}

void PathWatch::suspend(uint64_t now_us, uint32_t recovery_checks) {
  const uint64_t patience_us = std::min((now_us - first_answer_us_) / patience_divisor, max_patience_us);
  const auto checks = static_cast<uint32_t>(patience_us / RecoverySchedule::max_recovery_interval_us);
  schedule_.emplace(now_us, std::max(recovery_checks, checks));
  proof_wanted_ = false;
}

std::optional<Witness> PathWatch::due_check(uint64_t now_us, uint64_t random) {
  if (schedule_ && burst_left_ == 0) {
    if (schedule_->is_over(now_us)) {
      lost_ = true;
      schedule_.reset();
      return std::nullopt;
    }
    if (schedule_->due(now_us)) burst_left_ = std::min(witnesses_at_once, witnesses_);
  }
  const bool due = burst_left_ > 0 || (proof_wanted_ && checks_in_flight_ == 0);
  if (!due || witnesses_ == 0 || lost_) return std::nullopt;
  // A proof is asked of a closed port, if any is known, or of an open one that has not been asked lately; whether the
  // path is back, of any host.
  const auto is_good = [&](const std::optional<Place>& place) {
    if (!place || schedule_) return place.has_value();
    if (closed_witnesses_ > 0) return place->witness.kind == Answerer::closed;
    return place->next_check_us <= now_us;
  };
  const bool any_is_good = std::any_of(places_.begin(), places_.end(), is_good);
  checked_place_ = random % places_.size();
  while (any_is_good ? !is_good(places_[checked_place_]) : !places_[checked_place_])
    checked_place_ = (checked_place_ + 1) % places_.size();
  return places_[checked_place_]->witness;
}

void PathWatch::check_sent(uint64_t now_us) {
  ++checks_in_flight_;
  Place& place = *places_[checked_place_];
  if (place.witness.kind == Answerer::open) place.next_check_us = now_us + open_interval_us;
  if (burst_left_ > 0 && --burst_left_ == 0 && schedule_) schedule_->check_sent(now_us);
}

uint64_t PathWatch::quiet_from_us() const {
  if (witnesses_ == 0 || suspended() || lost_) return UINT64_MAX;
  uint64_t may_ask_us = UINT64_MAX;
  for (const std::optional<Place>& place : places_) {
    if (place) may_ask_us = std::min(may_ask_us, place->next_check_us);
  }
  return std::max({last_life_us_ + quiet_us, may_ask_us, next_proof_us_});
}

void PathWatch::check_failed(uint64_t now_us, uint32_t recovery_checks) {
  assert(checks_in_flight_ > 0);
  --checks_in_flight_;
  next_proof_us_ = now_us + quiet_us;
  if (witnesses_ < min_witnesses) proof_wanted_ = false;  // its silence is its own
  silent(max_path_doubt / max_voices, now_us, recovery_checks);
}

}  // namespace portloop
