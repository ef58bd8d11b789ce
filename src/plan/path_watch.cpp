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
  std::optional<Witness>& place = places_[mix64(witness.target) % places_.size()];
  witnesses_ += !place;
  // A RST costs its host nothing; a connection is logged, and a server that counts them may shut us out.
  if (place && place->target == witness.target && witness.kind < place->kind) return;
  closed_witnesses_ -= place && place->kind == Answerer::closed;
  closed_witnesses_ += witness.kind == Answerer::closed;
  place = witness;
}

bool PathWatch::heard(uint64_t now_us) {
  if (first_answer_us_ == 0) first_answer_us_ = now_us;
  if (may_ask_often() && now_us - last_answer_us_ > quiet_us) {
    silent_from_us_ = last_answer_us_;
    silent_until_us_ = now_us;
  }
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
  for (const std::optional<Witness>& witness : places_) {
    if (witness) deadline_us = std::max(deadline_us, witness->rtt.deadline_us());
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
  // A proof is asked of a closed port, if any is known; whether the path is back, of any host.
  const bool closed_only = !schedule_ && closed_witnesses_ > 0;
  auto place = random % places_.size();
  while (!places_[place] || (closed_only && places_[place]->kind != Answerer::closed))
    place = (place + 1) % places_.size();
  return places_[place];
}

void PathWatch::check_sent(uint64_t now_us) {
  ++checks_in_flight_;
  if (burst_left_ > 0 && --burst_left_ == 0 && schedule_) schedule_->check_sent(now_us);
}

void PathWatch::check_failed(uint64_t now_us, uint32_t recovery_checks) {
  assert(checks_in_flight_ > 0);
  --checks_in_flight_;
  silent(max_path_doubt / max_voices, now_us, recovery_checks);
}

}  // namespace portloop
