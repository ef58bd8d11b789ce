#include "compare/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace portloop::compare {

Summary summarise(std::vector<double> values) {
  Summary summary;
  if (values.empty()) return summary;
  std::sort(values.begin(), values.end());
  const size_t count = summary.count = values.size();
  summary.min = values.front();
  summary.max = values.back();
  summary.median = count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
  double sum = 0, logarithms = 0;
  for (const double value : values) {
    sum += value;
    logarithms += std::log(std::max(value, 0.0));
  }
  summary.mean = sum / static_cast<double>(count);
  summary.geometric_mean = std::exp(logarithms / static_cast<double>(count));
  if (count < 2) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.deviation = std::sqrt(squares / static_cast<double>(count - 1));
  return summary;
}

uint32_t percentile(std::vector<uint32_t>& values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const size_t index = rank < 1 ? 0 : std::min(static_cast<size_t>(rank) - 1, values.size() - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index), values.end());
  return values[index];
}

}  // namespace portloop::compare
