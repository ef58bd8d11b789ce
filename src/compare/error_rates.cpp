#include "compare/error_rates.hpp"

#include <algorithm>
#include <cmath>

#include "compare/inference.hpp"

namespace portloop::compare {
namespace {

/// The probability of at least `heads` heads in `tosses` of a fair coin. `heads` > tosses / 2.
double fair_coin(uint64_t heads, uint64_t tosses) {
  const auto n = static_cast<double>(tosses);
  double term = std::exp(std::lgamma(n + 1) - std::lgamma(static_cast<double>(heads) + 1) -
                         std::lgamma(n - static_cast<double>(heads) + 1) - n * std::log(2.0));
  double sum = term;
  for (uint64_t k = heads; k < tosses && term > sum * 1e-12; ++k) {
    term *= static_cast<double>(tosses - k) / static_cast<double>(k + 1);
    sum += term;
  }
  return std::min(1.0, sum);
}

/// The errors of two models over the rounds that both have run.
struct Errors {
  size_t rounds;
  uint64_t model = 0, best = 0;
  uint64_t only_model = 0, only_best = 0;  // probes that the other one got right in the same round
  size_t rounds_worse = 0;
  bool repeated = false;  // a probe was wrong in all the model's rounds and in none of the best's
};

Errors count_errors(const RoundsOfVerdicts& model, const RoundsOfVerdicts& best, const Verdicts& reference) {
  Errors errors{std::min(model.size(), best.size())};
  std::vector<bool> always(reference.size(), true);  // wrong in `model`, right in `best`, so far
  for (size_t round = 0; round < errors.rounds; ++round) {
    uint64_t only_model = 0, only_best = 0;
    for (size_t i = 0; i < reference.size(); ++i) {
      const bool model_wrong = wrong((*model[round])[i], reference[i]),
                 best_wrong = wrong((*best[round])[i], reference[i]);
      errors.model += model_wrong;
      errors.best += best_wrong;
      only_model += model_wrong && !best_wrong;
      only_best += best_wrong && !model_wrong;
      if (!model_wrong || best_wrong) always[i] = false;
    }
    errors.only_model += only_model;
    errors.only_best += only_best;
    errors.rounds_worse += only_model > only_best;
  }
  errors.repeated = errors.rounds >= 2 && std::find(always.begin(), always.end(), true) != always.end();
  return errors;
}

double errors_per_run(const RoundsOfVerdicts& model, const Verdicts& reference) {
  uint64_t errors = 0;
  for (const Verdicts* run : model) errors += judge(*run, reference).errors();
  return static_cast<double>(errors) / static_cast<double>(model.size());
}

}  // namespace

double probability_of_errors(const RoundsOfVerdicts& model, const RoundsOfVerdicts& best, const Verdicts& reference) {
  const Errors errors = count_errors(model, best, reference);
  double probability = 1;
  if (errors.rounds_worse * 2 > errors.rounds && errors.only_model > errors.only_best)
    probability = fair_coin(errors.only_model, errors.only_model + errors.only_best);
  if (errors.repeated) {
    const auto probes = static_cast<double>(reference.size()), rounds = static_cast<double>(errors.rounds);
    const double rate = static_cast<double>(errors.model + errors.best) / (2 * probes * rounds);
    probability = std::min(probability, probes * std::pow(rate, rounds));
  }
  return std::min(1.0, 2 * probability);  // there were two tests
}

std::vector<bool> significantly_worse(const std::vector<RoundsOfVerdicts>& models, const Verdicts& reference) {
  std::vector<bool> worse(models.size(), false);
  std::vector<size_t> with_runs;
  size_t best = models.size();
  double min_errors = 0;
  for (size_t i = 0; i < models.size(); ++i) {
    if (models[i].empty()) continue;
    with_runs.push_back(i);
    const double errors = errors_per_run(models[i], reference);
    if (best == models.size() || errors < min_errors) {
      best = i;
      min_errors = errors;
    }
  }
  std::vector<double> probabilities;
  for (const size_t i : with_runs)
    probabilities.push_back(i == best ? 1 : probability_of_errors(models[i], models[best], reference));
  if (with_runs.size() < 2) return worse;
  const size_t pairs = with_runs.size() * (with_runs.size() - 1) / 2;
  const std::vector<size_t> divisors = holm_divisors(probabilities, pairs);
  for (size_t i = 0; i < with_runs.size(); ++i)
    worse[with_runs[i]] = probabilities[i] <= significance / static_cast<double>(divisors[i]);
  return worse;
}

}  // namespace portloop::compare
