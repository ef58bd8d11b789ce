#include "compare/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "compare/inference.hpp"
#include "compare/statistics.hpp"
#include "compare/student_t.hpp"

namespace portloop::compare {

Estimate estimate(const std::vector<double>& values) {
  if (values.empty()) return {};
  const bool logarithms = std::all_of(values.begin(), values.end(), [](double value) { return value > 0; });
  std::vector<double> numbers = values;
  if (logarithms)
    std::transform(values.begin(), values.end(), numbers.begin(), [](double value) { return std::log(value); });
  const Summary summary = summarise(numbers);
  double half = 0;
  if (summary.count > 1) {
    half = student_t_quantile(significance, summary.count - 1) * summary.deviation /
           std::sqrt(static_cast<double>(summary.count));
  }
  if (logarithms) return {std::exp(summary.mean), std::exp(summary.mean - half), std::exp(summary.mean + half)};
  return {summary.mean, std::max(0.0, summary.mean - half), summary.mean + half};
}

}  // namespace portloop::compare
