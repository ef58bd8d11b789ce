// How many ports that would answer are still missing after k passes over the silent ones.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

namespace portloop {

/// What the loops of a scan have heard from a block that all of them work on. Relaxed atomics, used once a pass.
struct SharedAnswers {
  std::atomic<uint64_t> all{0};
  std::atomic<uint64_t> rescued{0};  ///< Of them, in a pass after the first.
};

/// Counts the answers of each pass of a block, and estimates from them what is still missing:
///
///     missing(k) = (answers + 1/2) * q1 * q2 * ... * qk
///
/// Here q1, the loss of the first pass, is measured by what later passes rescued, and qi by what passes after i rescued
/// and by checks: known answerers, asked again in pass i. The first pass is the fastest, so it lost at least the share
/// that checks lost in the others: if few ports answered, the checks are the better measure.
class LossEstimate {
 public:
  static constexpr uint32_t passes_counted = 100;

  void answer(uint32_t pass) {
    ++answers_[index(pass)];
    lost_in_a_row_ = 0;
  }
  void check(uint32_t pass, bool answered) {
    ++checks_[index(pass)];
    if (!answered) ++checks_lost_[index(pass)];
    lost_in_a_row_ = answered ? 0 : lost_in_a_row_ + 1;
  }

  /// The passes so far found silent what they had not asked: the next one is counted as the first.
  void begin_again();
  /// The last `count` checks that were lost, up to `pass`, were no measure of the path.
  void withdraw_lost_checks(uint32_t pass, uint32_t count);
  /// The same for all checks since the last answer.
  void withdraw_lost_checks(uint32_t pass) { withdraw_lost_checks(pass, std::exchange(lost_in_a_row_, 0)); }

  /// Publishes what is new here to the other loops, and reads what they have published: they share the first pass's
  /// loss.
  void exchange(SharedAnswers& shared);

  uint32_t answers_in(uint32_t pass) const { return answers_[index(pass)]; }
  uint64_t answers() const;
  uint64_t rescued() const { return answers() - answers_[0]; }

  /// The share of probes lost in the first pass.
  double first_pass_loss() const;
  /// The same for one host of the block: the more answers it has, the more its own share counts.
  double first_pass_loss_of(uint32_t host_answers, uint32_t host_rescued) const;
  /// The number of answering ports that are expected to be missing after pass `last`.
  double missing_after(uint32_t last) const;

 private:
  static constexpr uint32_t index(uint32_t pass) { return pass < passes_counted ? pass - 1 : passes_counted - 1; }
  double loss_of(uint32_t pass, uint32_t last) const;

  std::array<uint32_t, passes_counted> answers_{};
  std::array<uint32_t, passes_counted> checks_{};
  std::array<uint32_t, passes_counted> checks_lost_{};
  uint32_t lost_in_a_row_ = 0;
  uint64_t published_answers_ = 0, published_rescued_ = 0;
  uint64_t others_answers_ = 0, others_rescued_ = 0;  // that the other loops have published
};

}  // namespace portloop
