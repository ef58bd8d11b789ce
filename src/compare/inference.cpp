#include "compare/inference.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compare/student_t.hpp"

namespace portloop::compare {
namespace {

// Two models are as fast as each other if the ratio of their times is within this factor of 1.
constexpr double alike_factor = 1.05;

}  // namespace

std::string_view to_text(Relation relation) {
  switch (relation) {
    case Relation::untested: break;
    case Relation::unclear: return "unclear";
    case Relation::alike: return "alike";
    case Relation::slower: return "slower";
    case Relation::faster: return "faster";
  }
  return "untested";
}

Relation Ratio::relation() const {
  if (!has_interval()) return Relation::untested;
  if (low >= 1 / alike_factor && high <= alike_factor) return Relation::alike;
  return low > 1 ? Relation::slower : high < 1 ? Relation::faster : Relation::unclear;
}

std::vector<size_t> holm_divisors(const std::vector<double>& probabilities, size_t family) {
  std::vector<size_t> order(probabilities.size()), divisors(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] < probabilities[b]; });
  bool rejecting = true;
  for (const size_t i : order) {
    divisors[i] = family;
    rejecting = rejecting && probabilities[i] <= significance / static_cast<double>(family);
    if (rejecting && family > 1) --family;
  }
  return divisors;
}

Ratios::Pair Ratios::compare(const std::vector<double>& a, const std::vector<double>& b) {
  Pair pair;
  pair.rounds = std::min(a.size(), b.size());
  if (pair.rounds == 0) return pair;
  const auto count = static_cast<double>(pair.rounds);
  std::vector<double> logarithms(pair.rounds);
  for (size_t i = 0; i < pair.rounds; ++i) logarithms[i] = std::log(a[i] / b[i]);
  pair.mean = std::accumulate(logarithms.begin(), logarithms.end(), 0.0) / count;
  if (pair.rounds < 2) return pair;
  double squares = 0;
  for (const double logarithm : logarithms) squares += (logarithm - pair.mean) * (logarithm - pair.mean);
  pair.standard_error = std::sqrt(squares / (count - 1) / count);
  if (pair.standard_error > 0)
    pair.probability = student_t_two_sided(pair.mean / pair.standard_error, pair.rounds - 1);
  else
    pair.probability = pair.mean == 0 ? 1 : 0;
  return pair;
}

Ratios::Ratios(const std::vector<std::vector<double>>& times) : models_(times.size()), pairs_(models_ * models_) {
  std::vector<size_t> tested;
  std::vector<double> probabilities;
  for (size_t first = 0; first < models_; ++first) {
    for (size_t second = first + 1; second < models_; ++second) {
      const Pair& pair = pairs_[index(first, second)] = compare(times[first], times[second]);
      if (pair.rounds < 2) continue;
      tested.push_back(index(first, second));
      probabilities.push_back(pair.probability);
    }
  }
  const std::vector<size_t> divisors = holm_divisors(probabilities, tested.size());
  for (size_t i = 0; i < tested.size(); ++i) pairs_[tested[i]].divisor = divisors[i];
}

Ratio Ratios::of(size_t of, size_t to) const {
  if (of == to) return {};
  if (of > to) return this->of(to, of).inverse();
  const Pair& pair = pairs_[index(of, to)];
  Ratio ratio{std::exp(pair.mean), std::exp(pair.mean), std::exp(pair.mean), pair.rounds};
  if (pair.rounds < 2) return ratio;
  const double half_width =
      student_t_quantile(significance / static_cast<double>(pair.divisor), pair.rounds - 1) * pair.standard_error;
  ratio.low = std::exp(pair.mean - half_width);
  ratio.high = std::exp(pair.mean + half_width);
  return ratio;
}

}  // namespace portloop::compare
