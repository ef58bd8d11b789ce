#include "compare/student_t.hpp"

#include <cmath>
#include <numbers>

namespace portloop::compare {
namespace {

/// The probability of a value between -t and t, where t = sqrt(freedom) * tan(theta): the finite series of Abramowitz
/// and Stegun, Handbook of Mathematical Functions, 26.7.3 (odd) and 26.7.4 (even).
double within(double theta, uint64_t freedom) {
  const double sine = std::sin(theta), cosine = std::cos(theta);
  const bool odd = freedom % 2 == 1;
  double term = odd ? cosine : 1, sum = freedom == 1 ? 0 : term;
  for (uint64_t i = odd ? 3 : 2; i + 2 <= freedom; i += 2) {
    term *= cosine * cosine * static_cast<double>(i - 1) / static_cast<double>(i);
    sum += term;
  }
  return odd ? 2 / std::numbers::pi * (theta + sine * sum) : sine * sum;
}

}  // namespace

double student_t_two_sided(double t, uint64_t freedom) {
  return std::fmax(0, 1 - within(std::atan(std::abs(t) / std::sqrt(static_cast<double>(freedom))), freedom));
}

double student_t_quantile(double two_sided, uint64_t freedom) {
  constexpr int halvings = 60;  // more than a double has bits
  double low = 0, high = std::numbers::pi / 2;
  for (int i = 0; i < halvings; ++i) {
    const double theta = (low + high) / 2;
    (1 - within(theta, freedom) > two_sided ? low : high) = theta;
  }
  return std::sqrt(static_cast<double>(freedom)) * std::tan(low);
}

}  // namespace portloop::compare
