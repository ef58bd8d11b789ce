#include "plan/probe_window.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace portloop {
namespace {

// What a path is trusted with before it has answered: about one initial window of 40 TCP connections, and
// 4,000 probes a second where nothing answers.
constexpr double initial_size = 400;
constexpr uint64_t soft_deadline_without_sample_us = 100'000;
constexpr uint64_t max_soft_deadline_us = 1'000'000;

// First asks never go slower than this, even when their answers are lost: whatever is lost now is asked
// again at the rate that was answered, and an open port should be known within seconds.
constexpr double min_fresh_rate_per_s = 4000;
constexpr double min_size = 16;

// As HyStart++ (RFC 9406) takes a rise of the round-trip time for a full pipe; more than its 16 ms at most, because
// answers come in bursts here, and a window that is too large does little harm.
constexpr uint64_t bearable_queue_us = 20'000;

constexpr uint32_t min_round = 32;
constexpr uint32_t min_learned_round = 8;
constexpr uint32_t min_checks = 8;
// Shorter rounds are bursts, and say nothing of a rate.
constexpr double min_rate_sample_s = 0.1;
// While loss is being measured every 8th ask of a retry pass is a check; where a rate has been learned and
// most retries are answered, they measure it themselves.
constexpr uint32_t asks_per_check = 8;
constexpr uint32_t asks_per_check_when_learned = 128;
// The longest burst that a rate lets through at once: two ticks of a millisecond timer.
constexpr uint64_t burst_us = 2000;

}  // namespace

void ProbeWindow::ShareHistory::add(double share) {
  shares_[next_] = share;
  next_ = (next_ + 1) % static_cast<uint32_t>(shares_.size());
  used_ = std::min(used_ + 1, static_cast<uint32_t>(shares_.size()));
}

double ProbeWindow::ShareHistory::best() const {
  return used_ == 0 ? 0 : *std::max_element(shares_.begin(), shares_.begin() + used_);
}

ProbeWindow::ProbeWindow(const WindowOptions& options, SharedPace& pace)
    : options_(options), pace_(pace), size_(initial_size), round_start_size_(initial_size) {
  round_ends_ = static_cast<uint64_t>(initial_size);
}

uint64_t ProbeWindow::soft_deadline_us() const {
  if (!rtt_.has_sample()) return soft_deadline_without_sample_us;
  return std::min(rtt_.deadline_us() + 10'000, max_soft_deadline_us);
}

bool ProbeWindow::may_send(uint64_t now_us) const { return has_room() && now_us >= next_send_us_; }

uint64_t ProbeWindow::next_judgement_us() const {
  return entries_.empty() ? std::numeric_limits<uint64_t>::max() : entries_.front().sent_us + soft_deadline_us();
}

uint64_t ProbeWindow::sent(ProbeKind kind, uint64_t now_us) {
  entries_.push_back({now_us, kind, false, false});
  ++young_;
  if (!has_room()) was_full_ = true;
  double rate_per_s = options_.rate_per_s;
  if (learned_rate_per_s_ > 0 && (rate_per_s == 0 || learned_rate_per_s_ < rate_per_s))
    rate_per_s = learned_rate_per_s_;
  if (rate_per_s > 0) {
    const uint64_t earliest_us = now_us > burst_us ? now_us - burst_us : 0;
    next_send_us_ = std::max(next_send_us_, earliest_us) + static_cast<uint64_t>(1e6 / rate_per_s);
  }
  return first_serial_ + entries_.size() - 1;
}

/// Null where the soft deadline had passed, or the entry was ended before.
ProbeWindow::Entry* ProbeWindow::end(uint64_t serial) {
  if (serial < first_serial_) return nullptr;  // late, but the port's answer all the same
  Entry& entry = entries_[serial - first_serial_];
  if (entry.over) return nullptr;
  entry.over = true;
  --young_;
  return &entry;
}

void ProbeWindow::answered(uint64_t serial) {
  if (Entry* entry = end(serial)) entry->answered = true;
}

void ProbeWindow::path_answered(uint64_t serial) { end(serial); }

void ProbeWindow::rtt_sample(uint64_t rtt_us, uint64_t min_rtt_us) {
  rtt_.sample(rtt_us);
  ++samples_;
  queued_ += rtt_us > 2 * min_rtt_us + bearable_queue_us;
}

void ProbeWindow::advance(uint64_t now_us) {
  const uint64_t deadline_us = soft_deadline_us();
  while (!entries_.empty() && (entries_.front().over || entries_.front().sent_us + deadline_us <= now_us)) {
    const Entry entry = entries_.front();
    entries_.pop_front();
    ++first_serial_;
    if (!entry.over) --young_;
    judge(entry);
  }
}

void ProbeWindow::judge(const Entry& entry) {
  Tally& tally = entry.kind == ProbeKind::fresh ? fresh_ : entry.kind == ProbeKind::retry ? retry_ : check_;
  if (fresh_.asked + retry_.asked + check_.asked == 0) round_first_us_ = entry.sent_us;
  ++tally.asked;
  tally.answered += entry.answered;
  round_last_us_ = entry.sent_us;
  if (slow_start_ && may_grow()) size_ = std::min<double>(size_ + 1, options_.max_in_flight);
  if (first_serial_ >= round_ends_) close_round();
}

bool ProbeWindow::has_fallen(const Tally& tally, double best) {
  const double share = tally.share();
  // Laplace's estimate keeps a lucky round of 100 % from calling the next ordinary one a fall.
  const double likely = (best * tally.asked + 1) / (tally.asked + 2);
  const double deviation = std::sqrt(likely * (1 - likely) / tally.asked);
  return share < 0.9 * best && share < best - 3 * deviation - 0.02;
}

void ProbeWindow::close_round() {
  if (round_ends_ > ignore_before_) {
    if (fresh_.asked >= min_round) close_fresh_round();
    const uint32_t enough = learned_rate_per_s_ > 0 ? min_learned_round : min_round;
    if (retry_.asked + check_.asked >= enough && fresh_.asked == 0) close_retry_round();
  }
  fresh_ = retry_ = check_ = {};
  samples_ /= 2;
  queued_ /= 2;
  was_full_ = false;
  round_start_size_ = size_;
  // At a learned rate a round is a third of a second: at 10/s a window's worth would take minutes.
  double length = std::max<double>(min_round, size_);
  if (learned_rate_per_s_ > 0) length = std::clamp<double>(learned_rate_per_s_ * 0.3, min_learned_round, length);
  round_ends_ = first_serial_ + static_cast<uint64_t>(length);
}

void ProbeWindow::grow() {
  if (!slow_start_ && may_grow()) size_ = std::min<double>(size_ * 1.1 + 2, options_.max_in_flight);
  if (learned_rate_per_s_ == 0) return;
  // The first good round probes with a tenth more; when round after round is good, something has changed for the
  // better (another loop or scanner has finished with the host), and growth gathers speed.
  ++good_rounds_;
  learned_rate_per_s_ *= std::min(2.0, 1.05 + 0.05 * good_rounds_ * good_rounds_);
}

void ProbeWindow::close_fresh_round() {
  const double best = fresh_history_.best();
  fresh_history_.add(fresh_.share());
  if (!has_fallen(fresh_, best)) {
    grow();
    return;
  }
  const double soft_deadline_s = static_cast<double>(soft_deadline_us()) * 1e-6;
  const double floor = std::max(min_size, min_fresh_rate_per_s * soft_deadline_s);
  size_ = std::max(floor, std::min(size_, round_start_size_) * std::max(0.5, 0.95 * fresh_.share() / best));
  slow_start_ = false;
  ignore_before_ = first_serial_ + entries_.size() + 1;
}

/// Loops that share a limited host would starve each other: whoever is ahead takes the answers, and the other
/// backs off until it asks once a second. A quarter of what any loop gets is every loop's.
double ProbeWindow::shared_floor_per_s(double delivered_per_s) {
  const double known = pace_.delivered_per_s.load(std::memory_order_relaxed);
  const double best = std::max(delivered_per_s, known * 0.98);  // old news fades
  pace_.delivered_per_s.store(static_cast<uint32_t>(best), std::memory_order_relaxed);
  return best / 4;
}

void ProbeWindow::close_retry_round() {
  // Where most retried ports answer, all of them measure the loss; where few can, only the checks do.
  const Tally all{retry_.asked + check_.asked, retry_.answered + check_.answered};
  const double best = retry_history_.best();
  const bool all_measure = std::max(best, all.share()) >= 0.5;
  if (all_measure) retry_history_.add(all.share());
  const bool checks_fail = check_.asked >= min_checks && check_.share() < 0.5;
  const bool fallen = all_measure && has_fallen(all, best);
  const double seconds = static_cast<double>(std::max<uint64_t>(round_last_us_ - round_first_us_, 1000)) * 1e-6;
  // What was answered can be answered: the rate never falls below that, however few the checks were.
  const double delivered_per_s = all.answered / std::max(seconds, min_rate_sample_s);
  const double floor_per_s = std::max({1.0, 1.05 * delivered_per_s, shared_floor_per_s(delivered_per_s)});
  if (!checks_fail && !fallen) {
    grow();
    if (learned_rate_per_s_ > 0) learned_rate_per_s_ = std::max(learned_rate_per_s_, floor_per_s);
    return;
  }
  const double answered_share = all_measure ? all.share() / std::max(best, 0.5) : check_.share();
  double sent_per_s = all.asked / seconds;
  if (learned_rate_per_s_ > 0) sent_per_s = std::min(sent_per_s, learned_rate_per_s_);
  learned_rate_per_s_ = std::max(floor_per_s, sent_per_s * std::clamp(1.05 * answered_share, 0.05, 0.95));
  slow_start_ = false;
  good_rounds_ = 0;
  ignore_before_ = first_serial_ + entries_.size() + 1;
}

uint32_t ProbeWindow::asks_per_check() const {
  return learned_rate_per_s_ > 0 && retry_history_.best() >= 0.5 ? asks_per_check_when_learned
                                                                 : portloop::asks_per_check;
}

void ProbeWindow::begin_retry_pass() { retry_history_.clear(); }

}  // namespace portloop
