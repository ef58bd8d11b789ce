// Makes all runs of a comparison, one after the other. Warm-up rounds come first. Each round runs every model once, so
// that other load on the machine affects all models alike.
#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <string_view>

#include "compare/comparison.hpp"
#include "compare/forecast.hpp"
#include "core/spec_error.hpp"

namespace portloop::compare {

/// Called before each run of comparison.entries[model]. `round` counts from 0 and includes the warm-up rounds.
using BeforeRun = std::function<void(size_t model, uint32_t round, const Forecast& forecast)>;

/// The command line of a run's process, its standard input, and how its standard output is read. If it runs inside a
/// lab, the lab's counters are read from its standard error.
struct RunCommand {
  std::function<std::vector<std::string>(const Contender&, uint32_t round)> words;
  std::function<const std::string&(const Contender&)> input;
  std::function<Parsed<RunRecord>(const Contender&, std::string_view output)> read;
  // The same of a run that is recorded instead of measured. The entry has its measured runs.
  std::function<std::vector<std::string>(const Contender&, uint32_t round)> recorded_words;
  std::function<std::string(const Entry&)> recorded_input;
  std::function<Parsed<RecordedRun>(const Entry&, std::string_view output)> read_recorded;
};

/// Returns the indices of the contenders in the order of round `round`: a row of Williams's balanced Latin square, its
/// models and rows permuted by the seed. Over as many rounds as there are contenders, each runs once in every place;
/// over twice as many, each directly follows every other one equally often.
std::vector<size_t> order_of_round(size_t contenders, uint32_t round, uint64_t seed);

/// Runs until all runs are done or `stop` is set, which clears comparison.complete. An entry that fails is not run
/// again. A warm-up round runs the models in the order of their forecasts: the runs of the quick ones show whether
/// another one will take minutes before it starts. `answer_s`: see Forecast.
void run_comparison(Comparison& comparison, double answer_s, const RunCommand& command, const BeforeRun& before_run,
                    const volatile std::sig_atomic_t& stop);

/// Records one further run of each model that has not failed, as the round after the last one, into its entry. If one
/// can't be recorded, its entry stays as it is and `could_not` is called with the reason. Ends early if `stop` is set,
/// which clears comparison.complete.
void record_runs(Comparison& comparison, const RunCommand& command, const std::function<void(const Entry&)>& before_run,
                 const std::function<void(const Entry&, const std::string& reason)>& could_not,
                 const volatile std::sig_atomic_t& stop);

}  // namespace portloop::compare
