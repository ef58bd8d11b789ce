#include "compare/run_comparison.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "compare/lab_load.hpp"
#include "compare/run_process.hpp"
#include "core/permutation.hpp"

namespace portloop::compare {

std::vector<size_t> order_of_round(size_t contenders, uint32_t round, uint64_t seed) {
  const Permutation models(contenders, seed), rows(contenders, seed + 1);
  const uint64_t row = rows.at(round % contenders);
  const bool mirrored = round / contenders % 2 == 1;  // a square of odd size is balanced with its mirror image only
  std::vector<size_t> order;
  for (size_t place = 0; place < contenders; ++place) {
    const size_t step = mirrored ? contenders - 1 - place : place;
    // 0, 1, n - 1, 2, n - 2, ...: every difference between neighbours occurs once.
    const size_t column = step % 2 == 1 ? (step + 1) / 2 : (contenders - step / 2) % contenders;
    order.push_back(static_cast<size_t>(models.at((column + row) % contenders)));
  }
  return order;
}

namespace {

// A guest's recorded run is one of about max_recorded_ms, except for what is silent at its end.
constexpr double max_guest_recording_s = 120;

/// Without the program's name in front of its reason.
std::string failure_of(const ProcessOutcome& outcome) {
  constexpr std::string_view name = "portloop: ";
  std::string text = outcome.error;
  if (const size_t at = text.find(name); at != std::string::npos) text.erase(at, name.size());
  return text;
}

std::vector<size_t> quickest_first(const std::vector<Entry>& entries, const Forecast& forecast) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return forecast.run_s(a, entries[a].contender) < forecast.run_s(b, entries[b].contender);
  });
  return order;
}

}  // namespace

void run_comparison(Comparison& comparison, double answer_s, const RunCommand& command, const BeforeRun& before_run,
                    const volatile std::sig_atomic_t& stop) {
  const Setup& setup = comparison.setup;
  std::vector<Entry>& entries = comparison.entries;
  Forecast forecast(setup, entries.size(), answer_s);
  for (uint32_t round = 0; round < setup.warmup + setup.runs; ++round) {
    const bool warmup = round < setup.warmup;
    const std::vector<size_t> order =
        warmup ? quickest_first(entries, forecast) : order_of_round(entries.size(), round - setup.warmup, setup.seed);
    for (const size_t number : order) {
      Entry& entry = entries[number];
      if (!entry.failure.empty()) continue;
      before_run(number, round, forecast);
      const Contender& contender = entry.contender;
      const double limit_s =
          contender.guest != nullptr ? forecast.limit_s(contender) : std::numeric_limits<double>::infinity();
      const ProcessOutcome outcome =
          run_process(command.words(contender, round), command.input(contender), stop, limit_s);
      if (outcome.stopped) {
        comparison.complete = false;
        return;
      }
      if (!outcome.error.empty()) {
        entry.failure = failure_of(outcome);
        continue;
      }
      auto record = command.read(contender, outcome.output);
      if (!record) {
        entry.failure = record.error();
        continue;
      }
      if (!setup.lab_profile.empty()) read_lab_load(outcome.errors, *record);
      forecast.add(number, *record);
      if (!warmup) entry.runs.push_back(std::move(*record));
    }
  }
}

void record_runs(Comparison& comparison, const RunCommand& command, const std::function<void(const Entry&)>& before_run,
                 const std::function<void(const Entry&, const std::string& reason)>& could_not,
                 const volatile std::sig_atomic_t& stop) {
  const uint32_t round = comparison.setup.warmup + comparison.setup.runs;
  for (Entry& entry : comparison.entries) {
    if (!entry.failure.empty() || entry.runs.empty()) continue;
    before_run(entry);
    const double limit_s =
        entry.contender.guest != nullptr ? max_guest_recording_s : std::numeric_limits<double>::infinity();
    const ProcessOutcome outcome =
        run_process(command.recorded_words(entry.contender, round), command.recorded_input(entry), stop, limit_s);
    if (outcome.stopped) {
      comparison.complete = false;
      return;
    }
    if (!outcome.error.empty()) {
      could_not(entry, failure_of(outcome));
      continue;
    }
    auto recorded = command.read_recorded(entry, outcome.output);
    if (recorded)
      entry.recorded = std::move(*recorded);
    else
      could_not(entry, recorded.error());
  }
}

}  // namespace portloop::compare
