// The few numbers that sum several runs up. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace portloop::compare {

struct Summary {
  double mean = 0;
  double median = 0;
  double min = 0;
  double max = 0;
  double deviation = 0;  ///< Of the sample (n - 1); 0 for fewer than two values.
};

/// All 0 where there is no value.
Summary summarise(std::vector<double> values);

/// How many times `of` is `to`, with the uncertainty that both deviations leave, as hyperfine computes it:
/// r * sqrt((s1/m1)^2 + (s2/m2)^2).
struct Ratio {
  double value = 1;
  double uncertainty = 0;
  /// Whether the two differ by more than twice the uncertainty.
  bool differs() const;
};
Ratio ratio(const Summary& of, const Summary& to);

/// The smallest value that at least `share` (0-1) of the values don't exceed (nearest rank); 0 where there is
/// none. Reorders `values`.
uint32_t percentile(std::vector<uint32_t>& values, double share);

}  // namespace portloop::compare
