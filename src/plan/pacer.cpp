#include "plan/pacer.hpp"

#include <algorithm>

namespace portloop {
namespace {

constexpr uint32_t min_learned_round = 8;
constexpr uint32_t min_checks = 8;

// Shorter rounds are bursts, and are no measure of a rate.
constexpr double min_rate_sample_s = 0.1;

// While loss is being measured every 8th ask of a retry pass is a check. Once a rate has been learned and most retries
// are answered, these measure it themselves.
constexpr uint32_t asks_per_check_by_default = 8;
constexpr uint32_t asks_per_check_at_learned_rate = 128;

// The longest burst that a rate lets through at once: two ticks of a millisecond timer.
constexpr uint64_t burst_us = 2000;

// If at least this share of retries is answered, all of them measure the loss; otherwise only checks do.
constexpr double min_share_to_measure = 0.5;

}  // namespace

/// 0 if nothing limits.
double Pacer::rate_per_s() const {
  double rate_per_s = max_rate_per_s_;
  for (const double limit_per_s : {flow_rate_per_s_, learned_rate_per_s_}) {
    if (limit_per_s > 0 && (rate_per_s == 0 || limit_per_s < rate_per_s)) rate_per_s = limit_per_s;
  }
  return rate_per_s;
}

void Pacer::sent(uint64_t now_us) {
  const double rate = rate_per_s();
  const uint64_t earliest_us = now_us > burst_us ? now_us - burst_us : 0;
  last_send_us_ = std::max(next_send_us_, earliest_us);
  if (rate > 0) next_send_us_ = last_send_us_ + static_cast<uint64_t>(1e6 / rate);
}

void Pacer::set_max_rate(double max_rate_per_s) {
  max_rate_per_s_ = max_rate_per_s;
  const double rate = rate_per_s();
  next_send_us_ = rate > 0 ? last_send_us_ + static_cast<uint64_t>(1e6 / rate) : 0;
}

double Pacer::round_length(double window) const {
  const double length = std::max<double>(min_round, window);
  // At 10/s a whole window would take minutes.
  return learned_rate_per_s_ > 0 ? std::clamp<double>(learned_rate_per_s_ * 0.3, min_learned_round, length) : length;
}

bool Pacer::is_judgeable(const Round& round) const {
  const uint32_t enough = learned_rate_per_s_ > 0 ? min_learned_round : min_round;
  return round.retry.asked + round.check.asked >= enough && round.fresh.asked == 0;
}

uint32_t Pacer::asks_per_check() const {
  const bool retries_measure = learned_rate_per_s_ > 0 && history_.best() >= min_share_to_measure;
  return retries_measure ? asks_per_check_at_learned_rate : asks_per_check_by_default;
}

void Pacer::grow() {
  if (learned_rate_per_s_ == 0) return;
  // The first good round raises the rate by a tenth; if round after round is good, something has changed (another loop
  // or scanner has finished with the host), and growth accelerates.
  ++good_rounds_;
  learned_rate_per_s_ *= std::min(2.0, 1.05 + 0.05 * good_rounds_ * good_rounds_);
}

/// Without a floor, loops that share a limited host starve each other: whoever is ahead takes the answers, and the
/// other backs off until it sends one probe a second.
double Pacer::shared_floor_per_s(double delivered_per_s) {
  const double known = shared_.delivered_per_s.load(std::memory_order_relaxed);
  const double best = std::max(delivered_per_s, known * 0.98);  // old values fade
  shared_.delivered_per_s.store(static_cast<uint32_t>(best), std::memory_order_relaxed);
  return best / 4;
}

bool Pacer::retry_round_ended(const Round& round) {
  const Tally all{round.retry.asked + round.check.asked, round.retry.answered + round.check.answered};
  const double best = history_.best();
  const bool all_measure = std::max(best, all.share()) >= min_share_to_measure;
  if (all_measure) history_.add(all.share());
  const bool checks_fail = round.check.asked >= min_checks && round.check.share() < 0.5;
  const bool fallen = all_measure && has_fallen(all, best);
  const double seconds = static_cast<double>(std::max<uint64_t>(round.last_sent_us - round.first_sent_us, 1000)) * 1e-6;
  const double delivered_per_s = all.answered / std::max(seconds, min_rate_sample_s);
  const double floor_per_s = std::max({1.0, 1.05 * delivered_per_s, shared_floor_per_s(delivered_per_s)});
  if (!checks_fail && !fallen) {
    grow();
    if (learned_rate_per_s_ > 0) learned_rate_per_s_ = std::max(learned_rate_per_s_, floor_per_s);
    return false;
  }
  const double answered_share = all_measure ? all.share() / std::max(best, min_share_to_measure) : round.check.share();
  double sent_per_s = all.asked / seconds;
  if (learned_rate_per_s_ > 0) sent_per_s = std::min(sent_per_s, learned_rate_per_s_);
  learned_rate_per_s_ = std::max(floor_per_s, sent_per_s * std::clamp(1.05 * answered_share, 0.05, 0.95));
  good_rounds_ = 0;
  return true;
}

}  // namespace portloop
