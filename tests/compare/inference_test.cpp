// What runs prove: Student's t, Holm's procedure, intervals of ratios, and error rates; and how often that is wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "compare/error_rates.hpp"
#include "compare/inference.hpp"
#include "compare/student_t.hpp"

using namespace portloop;
using namespace portloop::compare;

namespace {

/// Uniform from 0 to 1. The distributions of the standard library differ from library to library.
double uniform(std::mt19937_64& random) { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; }

/// Standard normal, by Box and Muller.
double normal(std::mt19937_64& random) {
  const double radius = std::sqrt(-2 * std::log(uniform(random)));
  return radius * std::cos(2 * std::numbers::pi * uniform(random));
}

using Times = std::vector<std::vector<double>>;

/// Times with a lognormal spread around their means. What disturbs a round disturbs all its models by the same factor.
Times simulated(std::mt19937_64& random, const std::vector<double>& means, size_t rounds, double spread,
                double round_spread = 0) {
  Times times(means.size());
  for (size_t round = 0; round < rounds; ++round) {
    const double disturbance = round_spread * normal(random);
    for (size_t i = 0; i < means.size(); ++i)
      times[i].push_back(means[i] * std::exp(disturbance + spread * normal(random)));
  }
  return times;
}

/// Welch's test of the logarithms, unpaired, at 5 %.
bool welch_differs(const std::vector<double>& a, const std::vector<double>& b) {
  const auto moments = [](const std::vector<double>& values) {
    double mean = 0, squares = 0;
    for (const double value : values) mean += std::log(value) / static_cast<double>(values.size());
    for (const double value : values) squares += (std::log(value) - mean) * (std::log(value) - mean);
    const auto n = static_cast<double>(values.size());
    return std::pair(mean, squares / (n - 1) / n);
  };
  const auto [mean_a, error_a] = moments(a);
  const auto [mean_b, error_b] = moments(b);
  const auto n = static_cast<double>(a.size());
  const double freedom = (error_a + error_b) * (error_a + error_b) * (n - 1) / (error_a * error_a + error_b * error_b);
  return student_t_two_sided((mean_a - mean_b) / std::sqrt(error_a + error_b),
                             static_cast<uint64_t>(std::lround(freedom))) < 0.05;
}

struct Power {
  double welch = 0, ours = 0;
};

Power power_of(double ratio, size_t rounds, double spread, double round_spread = 0) {
  constexpr int repetitions = 4000;
  std::mt19937_64 random(42);
  int welch = 0, ours = 0;
  for (int i = 0; i < repetitions; ++i) {
    const Times times = simulated(random, {ratio, 1}, rounds, spread, round_spread);
    welch += welch_differs(times[0], times[1]);
    ours += Ratios(times).of(0, 1).relation() == Relation::slower;
  }
  return {static_cast<double>(welch) / repetitions, static_cast<double>(ours) / repetitions};
}

constexpr int null_repetitions = 10'000;
// 5 % and two standard errors of a simulation of that size: with two models or two rounds the rate is exactly 5 %.
constexpr double max_null_rate = 0.05 + 2 * 0.00218;

/// How often at least one pair of equal models is called different. Some pairs may be `alike`, which is no error.
double errors_of_the_first_kind(const std::vector<double>& means, size_t rounds, double spread) {
  std::mt19937_64 random(7);
  int wrong = 0;
  for (int i = 0; i < null_repetitions; ++i) {
    const Ratios ratios(simulated(random, means, rounds, spread));
    bool different = false;
    for (size_t a = 0; a < means.size(); ++a) {
      for (size_t b = a + 1; b < means.size(); ++b) {
        const Ratio ratio = ratios.of(a, b);
        different = different || (means[a] == means[b] && (ratio.low > 1 || ratio.high < 1));
      }
    }
    wrong += different;
  }
  return static_cast<double>(wrong) / null_repetitions;
}

/// Runs with independent errors at a rate of their own: 'c' closed, 's' silent.
std::vector<Verdicts> noisy_runs(std::mt19937_64& random, size_t runs, size_t probes, double rate) {
  std::vector<Verdicts> all(runs, Verdicts(probes, ProbeState::closed));
  for (Verdicts& run : all) {
    for (ProbeState& state : run) {
      if (uniform(random) < rate) state = ProbeState::silent;
    }
  }
  return all;
}

RoundsOfVerdicts pointers(const std::vector<Verdicts>& runs) {
  RoundsOfVerdicts all;
  for (const Verdicts& run : runs) all.push_back(&run);
  return all;
}

}  // namespace

TEST_CASE("Student's t has the values of the tables") {
  // Two-sided 5 %, 1 % and 0.5 %.
  struct Row {
    uint64_t freedom;
    double at_5, at_1, at_half;
  };
  for (const Row& row :
       {Row{1, 12.7062, 63.6567, 127.3213}, Row{2, 4.3027, 9.9248, 14.0890}, Row{3, 3.1824, 5.8409, 7.4533},
        Row{4, 2.7764, 4.6041, 5.5976}, Row{5, 2.5706, 4.0321, 4.7733}, Row{9, 2.2622, 3.2498, 3.6897},
        Row{10, 2.2281, 3.1693, 3.5814}, Row{30, 2.0423, 2.7500, 3.0298}, Row{120, 1.9799, 2.6174, 2.8599}}) {
    CAPTURE(row.freedom);
    CHECK(student_t_quantile(0.05, row.freedom) == doctest::Approx(row.at_5).epsilon(5e-5));
    CHECK(student_t_quantile(0.01, row.freedom) == doctest::Approx(row.at_1).epsilon(5e-5));
    CHECK(student_t_quantile(0.005, row.freedom) == doctest::Approx(row.at_half).epsilon(5e-5));
    CHECK(student_t_two_sided(row.at_5, row.freedom) == doctest::Approx(0.05).epsilon(1e-3));
    CHECK(student_t_two_sided(-row.at_1, row.freedom) == doctest::Approx(0.01).epsilon(1e-3));
    CHECK(student_t_two_sided(0, row.freedom) == 1);
  }
  CHECK(student_t_quantile(0.05, 9999) == doctest::Approx(1.9602).epsilon(1e-4));
}

TEST_CASE("Holm's divisors fall while the probabilities are significant, and no further") {
  CHECK(holm_divisors({0.04, 0.001, 0.012}, 3) == std::vector<size_t>{1, 3, 2});
  CHECK(holm_divisors({0.04, 0.03, 0.012}, 3) == std::vector<size_t>{2, 2, 3});
  CHECK(holm_divisors({0.04, 0.02, 0.03}, 3) == std::vector<size_t>{3, 3, 3});
  CHECK(holm_divisors({0.001}, 6) == std::vector<size_t>{6});
  CHECK(holm_divisors({}, 0).empty());
}

TEST_CASE("a ratio is the geometric mean over the rounds, with Student's interval") {
  const Ratios ratios({{2, 2.2, 1.8}, {1, 1, 1}});
  const Ratio ratio = ratios.of(0, 1);
  const double mean = (std::log(2) + std::log(2.2) + std::log(1.8)) / 3;
  CHECK(ratio.value == doctest::Approx(std::exp(mean)));
  const double deviation = std::sqrt(
      (std::pow(std::log(2) - mean, 2) + std::pow(std::log(2.2) - mean, 2) + std::pow(std::log(1.8) - mean, 2)) / 2);
  CHECK(ratio.high == doctest::Approx(std::exp(mean + 4.3027 * deviation / std::sqrt(3))).epsilon(1e-4));
  CHECK(ratio.low == doctest::Approx(std::exp(mean - 4.3027 * deviation / std::sqrt(3))).epsilon(1e-4));
  CHECK(ratio.relation() == Relation::slower);
  CHECK(ratios.of(0, 0).value == 1);
}

TEST_CASE("a ratio and its inverse prove the same") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200; ++i) {
    const Times times = simulated(random, {1.2, 1, 3}, 5, 0.2);
    const Ratios ratios(times), swapped({times[1], times[0], times[2]});
    const Ratio there = ratios.of(0, 1), back = ratios.of(1, 0), again = swapped.of(0, 1);
    CHECK(there.value == doctest::Approx(1 / back.value));
    CHECK(there.low == doctest::Approx(1 / back.high));
    CHECK(there.high == doctest::Approx(1 / back.low));
    CHECK(back.low == doctest::Approx(again.low));
    CHECK(back.high == doctest::Approx(again.high));
    CHECK(there.differs() == back.differs());
  }
}

TEST_CASE("as fast is said only if the whole interval is within 5 %, can't tell only if it contains 1") {
  CHECK(Ratio{1.01, 0.97, 1.04, 5}.relation() == Relation::alike);
  CHECK(Ratio{1.02, 1.01, 1.04, 5}.relation() == Relation::alike);
  CHECK(Ratio{1.01, 0.97, 1.06, 5}.relation() == Relation::unclear);
  CHECK(Ratio{1.05, 1.01, 1.06, 5}.relation() == Relation::slower);
  CHECK(Ratio{0.9, 0.85, 0.99, 5}.relation() == Relation::faster);
  CHECK(Ratio{0.99, 0.94, 1.04, 5}.relation() == Relation::unclear);
  CHECK(Ratio{7, 7, 7, 1}.relation() == Relation::untested);
}

TEST_CASE("a difference by a large factor is recognised, whatever the spread") {
  // The times that a ratio of means with standard deviations for its uncertainty could not tell apart.
  const Ratios ratios({{0.219, 0.286, 0.245, 0.26, 0.23}, {0.0115, 0.019, 0.012, 0.0075, 0.012}});
  CHECK(ratios.of(0, 1).relation() == Relation::slower);
}

TEST_CASE("rounds in which one of the models did not run are left out, and a single one proves nothing") {
  const Ratios ratios({{3, 3.1, 3.05}, {1, 1.1}, {1}});
  CHECK(ratios.of(0, 1).rounds == 2);
  CHECK(ratios.of(0, 1).has_interval());
  CHECK_FALSE(ratios.of(0, 2).has_interval());
  CHECK(ratios.of(0, 2).value == doctest::Approx(3));
}

TEST_CASE("at most one comparison in twenty calls equal models different") {
  for (const size_t rounds : {2U, 3U, 5U, 10U, 30U}) {
    CAPTURE(rounds);
    CHECK(errors_of_the_first_kind({1, 1}, rounds, 0.1) <= max_null_rate);
    CHECK(errors_of_the_first_kind({1, 1, 1, 1, 1}, rounds, 0.1) <= max_null_rate);
    CHECK(errors_of_the_first_kind({1, 1, 1, 5, 20}, rounds, 0.1) <= max_null_rate);
  }
}

TEST_CASE("where Welch's test finds nine differences in ten, this one finds eight, and more runs find more") {
  struct Case {
    double ratio;
    size_t rounds;
  };
  for (const Case one : {Case{1.3, 5}, {1.2, 8}, {1.17, 10}, {1.12, 20}}) {
    CAPTURE(one.ratio);
    const Power power = power_of(one.ratio, one.rounds, 0.1);
    CHECK(power.welch >= 0.9);
    CHECK(power.ours >= 0.8);
  }
  CHECK(power_of(1.3, 100, 0.1).ours == 1);
  // A round that is disturbed as a whole does not matter.
  const Power power = power_of(1.3, 5, 0.1, 0.5);
  CHECK(power.welch < 0.3);
  CHECK(power.ours >= 0.8);
}

TEST_CASE("on a network that loses packets no model is called worse than another for it") {
  std::mt19937_64 random(11);
  const Verdicts reference(500, ProbeState::closed);
  int wrong = 0;
  constexpr int repetitions = 400;
  for (int i = 0; i < repetitions; ++i) {
    std::vector<std::vector<Verdicts>> runs;
    for (int model = 0; model < 4; ++model) runs.push_back(noisy_runs(random, i % 2 == 0 ? 5 : 20, 500, 0.06));
    std::vector<RoundsOfVerdicts> models;
    for (const auto& each : runs) models.push_back(pointers(each));
    const std::vector<bool> worse = significantly_worse(models, reference);
    wrong += std::count(worse.begin(), worse.end(), true) > 0;
  }
  CHECK(wrong <= repetitions / 20);
}

TEST_CASE("a model that makes more errors is worse, after a single run if they are many") {
  std::mt19937_64 random(5);
  const Verdicts reference(500, ProbeState::closed);
  const std::vector<Verdicts> good = noisy_runs(random, 5, 500, 0.02), bad = noisy_runs(random, 5, 500, 0.08);
  CHECK(significantly_worse({pointers(good), pointers(bad)}, reference) == std::vector<bool>{false, true});
  CHECK(significantly_worse({{&bad[0]}, {&good[0]}}, reference) == std::vector<bool>{true, false});
  CHECK(significantly_worse({{}, pointers(bad)}, reference) == std::vector<bool>{false, false});
}

TEST_CASE("one disturbed run does not make a model worse, but an error in every run does") {
  const Verdicts reference(1000, ProbeState::closed), clean = reference;
  Verdicts disturbed = reference, one_error = reference;
  for (size_t i = 0; i < 200; ++i) disturbed[i] = ProbeState::silent;
  one_error[3] = ProbeState::silent;
  const RoundsOfVerdicts right{&clean, &clean, &clean};
  CHECK(significantly_worse({right, {&clean, &disturbed, &clean}}, reference) == std::vector<bool>{false, false});
  CHECK(significantly_worse({right, {&one_error, &one_error, &one_error}}, reference) ==
        std::vector<bool>{false, true});
  CHECK(significantly_worse({right, {&one_error, &clean, &one_error}}, reference) == std::vector<bool>{false, false});
}
