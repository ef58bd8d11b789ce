// Every sentence of --explain, with the condition on which it appears, as in sentences_test.cpp: a comparison for which
// it does, and one for which it does not. A sentence that has no row here fails the test.
#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

#include "compare/explanation.hpp"
#include "support/made_comparison.hpp"
#include "support/sentence_rows.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

namespace {

enum : size_t { one_thread, pool, loop };

/// 1,000 probes that are answered after 40 ms, by one thread, a pool of 50 and a loop.
Comparison made() {
  Comparison comparison;
  const std::string states(1000, 'c');
  for (const auto& [model, wall_s, in_flight] :
       {std::tuple("sequential", 40.0, 1), std::tuple("thread-pool:50", 0.8, 50), std::tuple("loop", 0.055, 1000)}) {
    comparison.entries.push_back(entry_of(model, states, {wall_s, wall_s, wall_s}));
    for (RunRecord& run : comparison.entries.back().runs) {
      run.p50_us = 40'000;
      run.model.peak_in_flight = static_cast<uint64_t>(in_flight);
    }
  }
  comparison.setup.probes = 1000;
  comparison.unit_costs = UnitCosts{10e-6, 5e-6, 1e-7, 2e-7, 2};
  return comparison;
}

/// Changes all runs of an entry.
Change each(size_t entry, const std::function<void(RunRecord&)>& change) {
  return [entry, change](Comparison& comparison) { each_run(comparison.entries[entry], change); };
}

const Change without_loop = [](Comparison& comparison) { comparison.entries.pop_back(); };

const Change fill_queue = each(loop, [](RunRecord& run) {
  run.p50_us = 90'000;
  run.wall_us = 200'000;
});

const Change take_long = each(pool, [](RunRecord& run) { run.wall_us = 9'000'000; });

const std::vector<SentenceRow>& rows() {
  static const std::vector<SentenceRow> all = {
      {"--explain was asked for",
       "On this machine making a thread takes .* or longer without a queue\\.",
       unchanged,
       {}},
      {"the model with the most connects per second filled a queue",
       "The network answered up to 5,000 connects per second \\(loop\\), while the rest queued\\.", fill_queue,
       unchanged},
      {"no model filled a queue", "No model filled a queue of the network, .*", unchanged, fill_queue},
      {"waiting decides, and more connects in flight would shorten it",
       "\\S+: with \\S+ connects in flight instead of \\S+ it would take [^;]*\\.", unchanged,
       [](Comparison& c) { c.entries.erase(c.entries.begin(), c.entries.begin() + loop); }},
      {"and a pool of some size would be as fast as the loop",
       "thread-pool:50: with .*; to match loop \\(.*\\) a pool would need \\S+ threads\\.", unchanged, without_loop},
      {"and no pool would be", "thread-pool:50: with .*; to match loop \\(.*\\) no number of threads would do\\.",
       each(loop, [](RunRecord& run) { run.wall_us = 30'000; }), unchanged},
      {"waiting decides, and all connects are in flight at once",
       "\\S+: it has every wait at the same time: only a shorter (timeout|round trip) would change it\\.", unchanged,
       without_loop},
      {"processor time decides", "\\S+: .* of processor time a probe on .*: cheaper probes would change it, .*",
       each(one_thread, [](RunRecord& run) { run.user_us = run.wall_us = 41'000'000; }), unchanged},
      {"the network's rate decides", "\\S+: the network's rate: nothing on this side would change it\\.", fill_queue,
       unchanged},
      {"making threads decides", "\\S+: making 49 threads takes longer than all else: fewer would change it.*",
       [](Comparison& c) { c.unit_costs->thread_s = 0.1; }, unchanged},
      {"a prediction is off, and nothing that was measured explains it",
       "\\S+ took .* times what is predicted: no term that is measured here explains it\\.", take_long, unchanged},
      {"it is off because answers took longer",
       "\\S+ took .*: the term that is wrong is waiting, as its answers took 70\\.0 ms, not 40\\.0 ms\\.",
       each(pool,
            [](RunRecord& run) {
              run.wall_us = 1'400'000;
              run.p50_us = 70'000;
            }),
       take_long},
      {"it is off because fewer connects were in flight",
       "\\S+ took .*: the term that is wrong is waiting, as it had 10 connects in flight, not 50\\.",
       each(pool,
            [](RunRecord& run) {
              run.wall_us = 4'000'000;
              run.model.peak_in_flight = 10;
            }),
       take_long},
      {"it is off because fewer processors were used",
       "\\S+ took .*: the term that is wrong is processor, as it used 1\\.0 processors, not 2\\.",
       each(pool, [](RunRecord& run) { run.wall_us = run.user_us = 4'000'000; }), take_long},
      {"it is off because the first thread waited for a processor",
       "\\S+ took .*: the term that is wrong is processor, as its first thread waited 800 ms for a processor\\.",
       each(pool,
            [](RunRecord& run) {
              run.wall_us = 1'600'000;
              run.run_delay_us = 800'000;
            }),
       take_long},
      {"it is off because the work came before the wait",
       "\\S+ took .*: the term that is wrong is processor, as it started all connects first, and then waited .*",
       each(loop,
            [](RunRecord& run) {
              run.user_us = 30'000;
              run.system_us = 0;
              run.wall_us = 70'000;
            }),
       each(loop, [](RunRecord& run) { run.wall_us = 42'000; })},
  };
  return all;
}

std::vector<std::string> sentences_with(const Change& change) {
  Comparison comparison = made();
  change(comparison);
  evaluate(comparison);
  return explanation_sentences(comparison, explain(comparison));
}

}  // namespace

TEST_CASE("every sentence of an explanation is there if its condition holds, and only then") {
  check_conditions(rows(), sentences_with);
}

TEST_CASE("every sentence of an explanation has exactly one condition") {
  check_that_rows_are_complete(rows(), sentences_with);
}
