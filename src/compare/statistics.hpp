// Summary statistics of several runs. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace portloop::compare {

struct Summary {
  size_t count = 0;
  double mean = 0;
  double geometric_mean = 0;  ///< 0 if a value is not above 0.
  double median = 0;
  double min = 0;
  double max = 0;
  double deviation = 0;  ///< Sample standard deviation (n - 1); 0 for fewer than two values.
};

/// Everything is 0 if there are no values.
Summary summarise(std::vector<double> values);

/// The nearest-rank percentile: the smallest value that at least `share` (0-1) of the values do not exceed. 0 if there
/// are no values. Reorders `values`.
uint32_t percentile(std::vector<uint32_t>& values, double share);

}  // namespace portloop::compare
