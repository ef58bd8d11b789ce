// The mean of a number over the runs of one model, with its confidence interval: what a chart shows. Pure functions.
#pragma once

#include <vector>

namespace portloop::compare {

/// Equal to the mean, both ends, if there is no interval.
struct Estimate {
  double mean = 0;
  double low = 0;
  double high = 0;
  bool has_interval() const { return low < high; }
};

/// The geometric mean and its 95 % interval by Student's t, on logarithms; the arithmetic mean and its interval if a
/// value is 0. The intervals of single models are not corrected for comparisons: for those, see Ratios.
Estimate estimate(const std::vector<double>& values);

}  // namespace portloop::compare
