// How many ports that would answer have still not been heard, after k passes over the silent ones.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace portloop {

/// What the loops of a scan have heard of a block that all of them work on. Relaxed atomics, touched once a pass.
struct SharedAnswers {
  std::atomic<uint64_t> all{0};
  std::atomic<uint64_t> rescued{0};  ///< Of them, in a pass after the first.
};

/// Counts the answers of each pass of a block, and estimates from them what is still missing:
///
///     missing(k) = (answers + 1/2) * q1 * q2 * ... * qk
///
/// where q1, the loss of the first pass, is measured by what later passes rescued, and qi by what passes
/// after i rescued and by checks: known answerers, asked again in pass i. The first pass is the fastest, so that it lost
/// no smaller a share than checks say of the others: where few ports answered, they know better.
class LossEstimate {
 public:
  static constexpr uint32_t passes_counted = 100;

  void answer(uint32_t pass) { ++answers_[index(pass)]; }
  void check(uint32_t pass, bool answered) {
    ++checks_[index(pass)];
    if (!answered) ++checks_lost_[index(pass)];
  }

  /// Tells the other loops what is new here, and takes what they have told: the first pass's loss is everybody's.
  void exchange(SharedAnswers& shared);

  uint32_t answers_in(uint32_t pass) const { return answers_[index(pass)]; }
  uint64_t answers() const;
  uint64_t rescued() const { return answers() - answers_[0]; }

  /// The share of probes lost in the first pass.
  double first_pass_loss() const;
  /// The same of one of the block's hosts: its own where it has many answers, the block's where it has few.
  double first_pass_loss_of(uint32_t host_answers, uint32_t host_rescued) const;
  /// The number of answering ports that are expected to be missing after pass `last`.
  double missing_after(uint32_t last) const;

 private:
  static constexpr uint32_t index(uint32_t pass) { return pass < passes_counted ? pass - 1 : passes_counted - 1; }
  double loss_of(uint32_t pass, uint32_t last) const;

  std::array<uint32_t, passes_counted> answers_{};
  std::array<uint32_t, passes_counted> checks_{};
  std::array<uint32_t, passes_counted> checks_lost_{};
  uint64_t told_answers_ = 0, told_rescued_ = 0;      // to the other loops
  uint64_t others_answers_ = 0, others_rescued_ = 0;  // as far as they have told
};

}  // namespace portloop
