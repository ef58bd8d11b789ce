// All runs of a comparison, one after the other: interleaved, so that whatever else the machine does meets
// every model; each round in another seeded order; warm-up rounds first.
#pragma once

#include <csignal>
#include <functional>
#include <string>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// What is about to run: the entry, the round from 0 (warm-up rounds first), and how many rounds there are.
using BeforeRun = std::function<void(const Entry& entry, uint32_t round, uint32_t rounds)>;

/// The command line of one run's process, and what it reads.
struct RunCommand {
  std::function<std::vector<std::string>(const Contender&)> words;
  std::string input;
};

/// The contenders' numbers in the order in which round `round` runs them.
std::vector<size_t> order_of_round(size_t contenders, uint32_t round, uint64_t seed);

/// Runs until all is done or `stop` is set; comparison.complete says which. An entry that fails is not run again.
void run_comparison(Comparison& comparison, const RunCommand& command, const BeforeRun& before_run,
                    const volatile std::sig_atomic_t& stop);

}  // namespace portloop::compare
