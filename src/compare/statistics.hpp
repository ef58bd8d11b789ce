// The few numbers that sum several runs up. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace portloop::compare {

struct Summary {
  size_t count = 0;
  double mean = 0;
  double median = 0;
  double min = 0;
  double max = 0;
  double deviation = 0;  ///< Of the sample (n - 1); 0 for fewer than two values.
};

/// All 0 where there is no value.
Summary summarise(std::vector<double> values);

/// How many times `of` is `to`, with the uncertainty that both deviations leave, as hyperfine computes it:
/// r * sqrt((s1/m1)^2 + (s2/m2)^2). 0 where a side has one run.
struct Ratio {
  double value = 1;
  double uncertainty = 0;
  size_t runs = 0;  ///< The fewer of both sides'.

  /// One run says nothing of how far the next would be from it.
  bool has_uncertainty() const { return runs >= 2; }
  /// Whether the two differ by more than twice the uncertainty; thrice where it comes from two runs, which often
  /// lie closer together than the rest would.
  bool differs() const;
};
Ratio ratio(const Summary& of, const Summary& to);

/// The smallest value that at least `share` (0-1) of the values don't exceed (nearest rank); 0 where there is
/// none. Reorders `values`.
uint32_t percentile(std::vector<uint32_t>& values, double share);

}  // namespace portloop::compare
