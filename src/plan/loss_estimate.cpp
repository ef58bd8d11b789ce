#include "plan/loss_estimate.hpp"

#include <algorithm>
#include <numeric>

namespace portloop {
namespace {

// The prior: a path loses 5 %, with the weight of 10 probes. With it a scan of few ports asks three times, and one with
// many answers or checks asks twice if nothing is lost.
constexpr double prior_lost = 0.5;
constexpr double prior_probes = 10;

// As if half a port more had answered: a block without an answer may still have one.
constexpr double prior_answers = 0.5;

}  // namespace

uint64_t LossEstimate::answers() const { return std::accumulate(answers_.begin(), answers_.end(), uint64_t{0}); }

void LossEstimate::withdraw_lost_checks(uint32_t pass, uint32_t count) {
  for (uint32_t i = index(pass) + 1; i-- > 0 && count > 0;) {
    const uint32_t withdrawn = std::min(count, checks_lost_[i]);
    checks_[i] -= withdrawn;
    checks_lost_[i] -= withdrawn;
    count -= withdrawn;
  }
}

void LossEstimate::begin_again() {
  answers_ = {static_cast<uint32_t>(answers())};
  checks_ = checks_lost_ = {};
  lost_in_a_row_ = 0;
}

void LossEstimate::exchange(SharedAnswers& shared) {
  const auto exchange_one = [](std::atomic<uint64_t>& all, uint64_t mine, uint64_t& published) {
    const uint64_t others = all.fetch_add(mine - published, std::memory_order_relaxed) - published;
    published = mine;
    return others;
  };
  others_answers_ = exchange_one(shared.all, answers(), published_answers_);
  others_rescued_ = exchange_one(shared.rescued, rescued(), published_rescued_);
}

double LossEstimate::first_pass_loss() const {
  const double by_rescues = (static_cast<double>(rescued() + others_rescued_) + prior_lost) /
                            (static_cast<double>(answers() + others_answers_) + prior_probes);
  const auto checks = std::accumulate(checks_.begin(), checks_.end(), 0.0);
  const auto checks_lost = std::accumulate(checks_lost_.begin(), checks_lost_.end(), 0.0);
  return std::max(by_rescues, checks_lost / (checks + prior_probes));
}

double LossEstimate::first_pass_loss_of(uint32_t host_answers, uint32_t host_rescued) const {
  return (host_rescued + prior_probes * first_pass_loss()) / (host_answers + prior_probes);
}

double LossEstimate::loss_of(uint32_t pass, uint32_t last) const {
  const uint32_t i = index(pass);
  double rescued_later = 0;
  for (uint32_t later = i + 1; later <= index(last); ++later) rescued_later += answers_[later];
  // A pass at another rate may lose less than the first, and a few dozen answered checks must be able to show it.
  double lost = checks_lost_[i] + prior_probes * first_pass_loss();
  double asked = checks_[i] + prior_probes;
  if (pass < last) {  // only a later pass can tell what this one lost
    lost += rescued_later;
    asked += answers_[i] + rescued_later;
  }
  return lost / asked;
}

double LossEstimate::missing_after(uint32_t last) const {
  double missing = (static_cast<double>(answers()) + prior_answers) * first_pass_loss();
  for (uint32_t pass = 2; pass <= std::min(last, passes_counted); ++pass) missing *= loss_of(pass, last);
  return missing;
}

}  // namespace portloop
