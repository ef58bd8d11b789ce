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
  double sum = 0;
  for (const double value : values) sum += value;
  summary.mean = sum / static_cast<double>(count);
  if (count < 2) return summary;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.deviation = std::sqrt(squares / static_cast<double>(count - 1));
  return summary;
}

// For two runs on each side this is close to Student's two-sided 5 % (4.30 standard errors; here 4.24). For more runs
// it is stricter.
bool Ratio::differs() const { return has_uncertainty() && std::abs(value - 1) > (runs == 2 ? 3 : 2) * uncertainty; }

Ratio ratio(const Summary& of, const Summary& to) {
  if (of.mean <= 0 || to.mean <= 0) return {};
  const double value = of.mean / to.mean;
  const size_t runs = std::min(of.count, to.count);
  return {value, runs < 2 ? 0 : value * std::hypot(of.deviation / of.mean, to.deviation / to.mean), runs};
}

uint32_t percentile(std::vector<uint32_t>& values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const size_t index = rank < 1 ? 0 : std::min(static_cast<size_t>(rank) - 1, values.size() - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index), values.end());
  return values[index];
}

}  // namespace portloop::compare
