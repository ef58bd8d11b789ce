// Summary statistics of several runs. Pure functions.
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
  double deviation = 0;  ///< Sample standard deviation (n - 1); 0 for fewer than two values.
};

/// Everything is 0 if there are no values.
Summary summarise(std::vector<double> values);

/// A ratio of two means with the uncertainty from both standard deviations, as hyperfine computes it:
/// r * sqrt((s1/m1)^2 + (s2/m2)^2). The uncertainty is 0 if a side has only one run.
struct Ratio {
  double value = 1;
  double uncertainty = 0;
  size_t runs = 0;  ///< Of the side that has fewer.

  /// A single run does not show how far the next one would be from it.
  bool has_uncertainty() const { return runs >= 2; }
  /// True if the ratio is further from 1 than twice the uncertainty; three times if there are only two runs, which are
  /// often closer together than more would be.
  bool differs() const;
};
/// Returns of.mean / to.mean.
Ratio ratio(const Summary& of, const Summary& to);

/// The nearest-rank percentile: the smallest value that at least `share` (0-1) of the values do not exceed. 0 if there
/// are no values. Reorders `values`.
uint32_t percentile(std::vector<uint32_t>& values, double share);

}  // namespace portloop::compare
