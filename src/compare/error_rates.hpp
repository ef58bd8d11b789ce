// Which models make significantly more errors than the best one. Pure functions.
//
// On a network that loses packets every model makes errors, so a single error proves nothing. Two models are compared
// probe by probe and round by round; what they both got right or both got wrong is left out. Two things prove that a
// model is worse, each tested with exact probabilities:
//   - it made more of the remaining errors than a fair coin would give it (McNemar's exact test, 1947), and not in a
//     minority of the rounds only, since one disturbance causes many errors in one run
//   - it got a probe wrong in every round that the best model never got wrong: at the error rate of both, chance would
//     hardly repeat that
// As in inference.hpp, Holm's procedure allows for all pairs of models, because the best one is chosen after the runs.
#pragma once

#include <vector>

#include "compare/correctness.hpp"

namespace portloop::compare {

/// One model's results by round. The pointers must not be nullptr.
using RoundsOfVerdicts = std::vector<const Verdicts*>;

/// Returns for each model whether it makes significantly more errors than the one with the fewest errors per run.
/// Models without a run are not worse.
std::vector<bool> significantly_worse(const std::vector<RoundsOfVerdicts>& models, const Verdicts& reference);

/// The probability that `model` would have at least this many errors more than `best` if both made as many. At most 1.
double probability_of_errors(const RoundsOfVerdicts& model, const RoundsOfVerdicts& best, const Verdicts& reference);

}  // namespace portloop::compare
