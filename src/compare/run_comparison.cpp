#include "compare/run_comparison.hpp"

#include "compare/run_process.hpp"
#include "core/permutation.hpp"

namespace portloop::compare {

std::vector<size_t> order_of_round(size_t contenders, uint32_t round, uint64_t seed) {
  std::vector<size_t> order;
  const Permutation permutation(contenders, seed + round);
  for (size_t i = 0; i < contenders; ++i) order.push_back(static_cast<size_t>(permutation.at(i)));
  return order;
}

void run_comparison(Comparison& comparison, const RunCommand& command, const BeforeRun& before_run,
                    const volatile std::sig_atomic_t& stop) {
  const Setup& setup = comparison.setup;
  const uint32_t rounds = setup.warmup + setup.runs;
  for (uint32_t round = 0; round < rounds; ++round) {
    for (const size_t number : order_of_round(comparison.entries.size(), round, setup.seed)) {
      Entry& entry = comparison.entries[number];
      if (!entry.failure.empty()) continue;
      before_run(entry, round, rounds);
      const ProcessOutcome outcome = run_process(command.words(entry.contender), command.input, stop);
      if (outcome.stopped) {
        comparison.complete = false;
        return;
      }
      auto record = decode(outcome.output, setup.probes);
      if (!outcome.error.empty() || !record) {
        entry.failure = outcome.error.empty() ? "could not read its result" : outcome.error;
      } else if (round >= setup.warmup) {
        entry.runs.push_back(std::move(*record));
      }
    }
  }
}

}  // namespace portloop::compare
