// What the runs prove about the ratios of the models' times. Pure functions.
//
// Every round runs each model once, so the times of two models are compared round by round: the logarithms of their
// ratios have a mean and a standard error, and Student's t gives an interval. Logarithms make the result of a/b that of
// b/a inverted. As the fastest model is chosen after the runs, every pair could have been compared: Holm's procedure
// (A simple sequentially rejective multiple test procedure, 1979) over all pairs keeps the probability that any two
// equal models are called different at 5 %, and each interval is as wide as the step at which its pair was tested, so
// that the intervals and the conclusions agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace portloop::compare {

/// What an interval proves.
enum class Relation : uint8_t {
  untested,  ///< Fewer than two rounds in common: there is no interval.
  unclear,   ///< The interval contains 1, and is wider than 5 % on a side.
  alike,     ///< The whole interval is within 5 % of 1.
  slower,    ///< The whole interval is above 1.
  faster,    ///< The whole interval is below 1.
};

/// "untested", "unclear", "alike", "slower" or "faster": as exported.
std::string_view to_text(Relation relation);

/// The ratio of two times and its interval.
struct Ratio {
  double value = 1;  ///< The geometric mean of the rounds' ratios.
  double low = 1;    ///< Equal to `value`, as `high` is, if there is no interval.
  double high = 1;
  size_t rounds = 0;  ///< That both have run.

  bool has_interval() const { return rounds >= 2; }
  Relation relation() const;
  bool differs() const { return relation() == Relation::slower || relation() == Relation::faster; }
  Ratio inverse() const { return {1 / value, 1 / high, 1 / low, rounds}; }
};

/// The ratios of all pairs. times[i][r] is model i's time in round r, above 0; a model that stopped early has fewer.
class Ratios {
 public:
  Ratios() = default;
  explicit Ratios(const std::vector<std::vector<double>>& times);
  /// times[of] / times[to].
  Ratio of(size_t of, size_t to) const;

 private:
  struct Pair {
    double mean = 0;            // of the logarithms of times[first] / times[second], first < second
    double standard_error = 0;  // 0 if rounds < 2
    double probability = 1;     // of a mean at least as far from 0 if the models are equal
    size_t rounds = 0;
    size_t divisor = 1;  // Holm's: the pair was tested at 0.05 / divisor
  };
  static Pair compare(const std::vector<double>& a, const std::vector<double>& b);
  size_t index(size_t first, size_t second) const { return first * models_ + second; }

  size_t models_ = 0;
  std::vector<Pair> pairs_;  // only those with first < second are used
};

/// Returns Holm's divisors: the smallest probability has the divisor `family`, the next one `family` - 1, and so on up
/// to the first that exceeds 0.05 / divisor; all further ones have the divisor of that one.
std::vector<size_t> holm_divisors(const std::vector<double>& probabilities, size_t family);

constexpr double significance = 0.05;

}  // namespace portloop::compare
