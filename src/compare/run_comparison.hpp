// Makes all runs of a comparison, one after the other. Warm-up rounds come first. Each round runs every model once, in
// a seeded order of its own, so that other load on the machine affects all models alike.
#pragma once

#include <csignal>
#include <functional>
#include <string>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// Called before each run. `round` counts from 0 and includes the warm-up rounds, as does `rounds`, their number.
using BeforeRun = std::function<void(const Entry& entry, uint32_t round, uint32_t rounds)>;

/// The command line of a run's process, and its standard input.
struct RunCommand {
  std::function<std::vector<std::string>(const Contender&)> words;
  std::string input;
};

/// Returns the indices of the contenders in the order of round `round`.
std::vector<size_t> order_of_round(size_t contenders, uint32_t round, uint64_t seed);

/// Runs until all runs are done or `stop` is set, which clears comparison.complete. An entry that fails is not run
/// again.
void run_comparison(Comparison& comparison, const RunCommand& command, const BeforeRun& before_run,
                    const volatile std::sig_atomic_t& stop);

}  // namespace portloop::compare
