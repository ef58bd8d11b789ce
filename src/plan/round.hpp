// A round: consecutive probes, judged together by the share of them that was answered.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "plan/ask.hpp"

namespace portloop {

struct Tally {
  uint32_t asked = 0;
  uint32_t answered = 0;

  void add(bool was_answered) {
    ++asked;
    answered += was_answered;
  }
  double share() const { return asked == 0 ? 0 : static_cast<double>(answered) / asked; }
};

struct Round {
  Tally fresh, retry, check;
  uint64_t first_sent_us = 0;
  uint64_t last_sent_us = 0;

  uint32_t asked() const { return fresh.asked + retry.asked + check.asked; }
  void add(ProbeKind kind, bool was_answered, uint64_t sent_us) {
    if (asked() == 0) first_sent_us = sent_us;
    last_sent_us = sent_us;
    (kind == ProbeKind::fresh ? fresh : kind == ProbeKind::retry ? retry : check).add(was_answered);
  }
};

/// A round with fewer probes is no evidence.
inline constexpr uint32_t min_round = 32;

/// The shares of the last 16 rounds, so that a fall is measured against the best of them.
class ShareHistory {
 public:
  void clear() { used_ = next_ = 0; }
  void add(double share) {
    shares_[next_] = share;
    next_ = (next_ + 1) % static_cast<uint32_t>(shares_.size());
    used_ = std::min(used_ + 1, static_cast<uint32_t>(shares_.size()));
  }
  /// 0 if empty.
  double best() const { return used_ == 0 ? 0 : *std::max_element(shares_.begin(), shares_.begin() + used_); }

 private:
  std::array<double, 16> shares_{};
  uint32_t used_ = 0;
  uint32_t next_ = 0;
};

/// Whether fewer were answered than chance explains: in random order the share of answers is constant, so that only
/// overload makes it fall. Silence alone means nothing, because most ports of a filtered host are silent.
inline bool has_fallen(const Tally& tally, double best_share) {
  const double share = tally.share();
  // Laplace's estimate: a lucky round of 100 % must not make the next ordinary one a fall.
  const double likely = (best_share * tally.asked + 1) / (tally.asked + 2);
  const double deviation = std::sqrt(likely * (1 - likely) / tally.asked);
  return share < 0.9 * best_share && share < best_share - 3 * deviation - 0.02;
}

}  // namespace portloop
