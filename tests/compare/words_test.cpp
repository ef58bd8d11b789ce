// The sentences claim only what the numbers support.
#include <doctest/doctest.h>

#include <sstream>

#include "compare/exports.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

TEST_CASE("the sentences name the fastest, the waiting, and the number in flight") {
  const std::string text = all_sentences(evaluated());
  CHECK(has(text, "loop was the fastest: 8 probes in 101 ms, 79 per second."));
  CHECK(has(text, "thread-pool:50 took 12.0x [11.9-12.1] as long and sequential 60.4x [59.0-61.8]."));
  CHECK(has(text, "Half of the answers take 40.3 ms or longer"));
  CHECK(has(text, "one thread and a pool of 50 spend at least 99.8 % of their time waiting."));
  CHECK(has(text, "loop had up to 4,000 connects in flight on one thread"));
  CHECK(has(text, "Every model used about 4.88 MiB of resident memory."));
}

TEST_CASE("a sentence is there only if the numbers support it") {
  Comparison comparison = made_comparison();
  CHECK_FALSE(has(all_sentences(evaluated()), "refused"));
  CHECK_FALSE(has(all_sentences(evaluated()), "filtered"));
  CHECK_FALSE(has(all_sentences(evaluated()), "vary widely"));
  CHECK_FALSE(has(all_sentences(evaluated()), "loops"));
  CHECK_FALSE(has(all_sentences(evaluated()), "wrong"));
  CHECK_FALSE(has(all_sentences(evaluated()), "lab"));
  comparison.entries.push_back(entry_of("thread-per-connection", "oocccsss", {0.5, 0.5, 0.5}));
  for (RunRecord& run : comparison.entries.back().runs) run.model.peak_threads = 812;
  CHECK(has(all_sentences(evaluated(comparison)), "reached 812 threads at once; the system refused none"));
  comparison.entries.back().runs[1].model.threads_refused = 31;
  CHECK(has(all_sentences(evaluated(comparison)),
            "reached 812 threads at once; the system refused to create another up to 31 times in a run"));
  comparison.entries.back().runs[2].model.local_failures = 5;
  CHECK(
      has(all_sentences(evaluated(comparison)),
          "thread-per-connection ran out of descriptors, source ports or memory up to 5 times in a run, and retried."));
  comparison.entries.push_back(entry_of("loops:2", "oocccsss", {0.101, 0.100, 0.102}));
  CHECK(
      has(all_sentences(evaluated(comparison)),
          "loops:2 was as fast as loop, within 5 % (1.00x [0.98-1.03] the time), using about 1.00 times the processor "
          "time."));
  Comparison unclear = comparison;
  unclear.entries.back().runs[1].wall_us = 70'000;
  CHECK(has(all_sentences(evaluated(unclear)), "These runs can't tell loops:2 from loop (0.89x ["));
  comparison.entries[0].runs[0].wall_us *= 3;
  CHECK(has(all_sentences(evaluated(comparison)), "The times of sequential (68 %) vary widely: use more runs"));
  comparison.entries[0].runs[0].states[7] = ProbeState::closed;
  CHECK(has(all_sentences(evaluated(comparison)),
            "Up to 1 (sequential) of the 8 probes were wrong or unknown in a run; no model with a rank makes "
            "significantly more errors than the best."));
  for (const size_t probe : {6, 7}) comparison.entries[1].runs[0].states[probe] = ProbeState::closed;
  CHECK(has(all_sentences(evaluated(comparison)),
            "Up to 2 (thread-pool:50) and 1 (sequential) of the 8 probes were wrong"));
  for (RunRecord& run : comparison.entries[1].runs) run.memory_kib = 81'920;
  CHECK(has(all_sentences(evaluated(comparison)),
            "Resident memory ranged from 4.88 MiB (loop) to 80.0 MiB (thread-pool:50)."));
  comparison.complete = false;
  CHECK(has(all_sentences(evaluated(comparison)), "incomplete"));
}

TEST_CASE("two models that the runs do not distinguish are not called different") {
  Comparison comparison = made_comparison();
  comparison.entries[1] = entry_of("thread-pool:50", "oocccsss", {0.100, 0.103, 0.104});
  CHECK(has(
      all_sentences(evaluated(comparison)),
      "loop ranks first: 8 probes in 101 ms, 79 per second. As fast, within 5 %: thread-pool:50 (1.01x [0.99-1.04])."));
  CHECK_FALSE(has(all_sentences(evaluated(comparison)), "was the fastest"));
}

TEST_CASE("loops that are as fast as one are said to be, and those that differ by how much") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("loops:2", "oocccsss", {0.1, 0.102, 0.102}));
  CHECK(
      has(all_sentences(evaluated(comparison)),
          "loops:2 was as fast as loop, within 5 % (1.00x [0.99-1.02] the time), using about 1.00 times the processor "
          "time."));
  comparison.entries.back() = entry_of("loops:2", "oocccsss", {0.2, 0.202, 0.204});
  CHECK(has(all_sentences(evaluated(comparison)),
            "loops:2 took 2.00x [2.00-2.00] as long as loop, using about 1.00 times the processor time."));
  comparison.entries.back() = entry_of("loops:2", "oocccsss", {0.05, 0.0505, 0.051});
  CHECK(has(all_sentences(evaluated(comparison)),
            "loops:2 was 2.00x [2.00-2.00] as fast as loop, using about 1.00 times the processor time."));
}

TEST_CASE("why a loop had few connects in flight is said only if it is the reason") {
  Comparison comparison = made_comparison();
  Entry& loop = comparison.entries[2];
  for (RunRecord& run : loop.runs) run.model.peak_in_flight = 1;
  CHECK(has(all_sentences(evaluated(comparison)),
            "loop had no more than one connect in flight, because each was answered before the next was started."));
  loop.contender.in_flight = 1;
  CHECK(has(all_sentences(evaluated(comparison)),
            "loop had no more than one connect in flight, because --in-flight 1 allows no more."));
  loop.contender.in_flight = 4000;
  loop.contender.loops = 2;
  for (RunRecord& run : loop.runs) run.model.peak_in_flight = 2;
  CHECK(has(all_sentences(evaluated(comparison)), "loops:2 had no more than one connect in flight on each loop,"));
  comparison.setup.probes = 2;
  CHECK(has(all_sentences(evaluated(comparison)), "loops:2 had no more than one connect in flight on each loop."));
}

TEST_CASE("a pool that did not get all its threads is named with those that it had") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[1].runs) {
    run.model.peak_threads = 36;
    run.model.threads_refused = 1;
  }
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "one thread and a pool of 50 (36 threads) spend at least"));
  CHECK(has(text, "thread-pool:50 got no more than 36 threads: the system refused the rest."));
}

TEST_CASE("after single runs no model is called faster, and no uncertainty is given") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("loops:2", "oocccsss", {0.2, 0.2, 0.2}));
  for (Entry& entry : comparison.entries) entry.runs.resize(1);
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "A single run of each model does not show how much its time varies."));
  for (const char* claim : {"fastest", "times as", "as fast", "can't tell", "x ["}) {
    CAPTURE(claim);
    CHECK_FALSE(has(text, claim));
  }
  CHECK(has(text, "loop had up to 4,000 connects in flight on one thread."));
}

TEST_CASE("if an interrupted comparison has one run of a model, the others are compared without it") {
  Comparison comparison = made_comparison();
  comparison.entries[0].runs.resize(1);
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "loop was the fastest"));
  CHECK(has(text, "thread-pool:50 took 12.0x [11.9-12.0] as long. sequential ran only once and is not compared."));
  CHECK(count_of(to_json(evaluated(comparison)), "\"stddev\":null") == 1);
  CHECK(count_of(to_json(evaluated(comparison)),
                 "\"times_the_fastest_low\":null,\"times_the_fastest_high\":null,\"to_the_fastest\":\"untested\"") ==
        1);
  comparison.entries.push_back(entry_of("loops:2", "oocccsss", {0.3, 0.3, 0.3}));
  comparison.entries[1].runs.resize(1);
  CHECK(has(all_sentences(evaluated(comparison)), "thread-pool:50 and sequential ran only once and are not compared."));
}

TEST_CASE("the only model that ran, or that was right, is not called the fastest") {
  Comparison comparison = made_comparison();
  comparison.entries.erase(comparison.entries.begin(), comparison.entries.begin() + 2);
  CHECK(has(all_sentences(evaluated(comparison)), "loop took 101 ms for 8 probes: 79 per second."));
  comparison = made_comparison();
  comparison.truth = comparison.entries[0].runs[0].states;
  for (const size_t wrong : {0, 1}) {
    for (RunRecord& run : comparison.entries[wrong].runs) run.states[0] = ProbeState::closed;
  }
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "loop, the only model with a rank, took 101 ms"));
  CHECK(has(text,
            "thread-pool:50 and sequential each missed 1 of the 2 open ports in the worst run. They make significantly "
            "more errors than the best model, so they have no rank."));
}

TEST_CASE("a loop that is not the fastest is compared with the models that differ from it") {
  Comparison comparison = made_comparison();
  comparison.entries[1] = entry_of("thread-pool:50", "oocccsss", {0.050, 0.051, 0.052});
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "thread-pool:50 was the fastest"));
  CHECK(has(text,
            "; it was 60.4x [59.0-61.8] as fast as sequential, and took 1.98x [1.93-2.03] as long as thread-pool:50."));
}

TEST_CASE("a sweep of many models is summarised") {
  Comparison comparison = made_comparison();
  for (const char* model : {"loops:2", "loops:3", "loops:4", "loops:5", "loops:6"})
    comparison.entries.push_back(entry_of(model, "oocccsss", {0.101, 0.100, 0.102}));
  for (const char* model : {"thread-pool:1", "thread-pool:2", "thread-pool:3"})
    comparison.entries.push_back(entry_of(model, "oocccsss", {3.0, 3.1, 3.2}));
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "can't tell it from 5 others: loops:2, loops:3, loops:4, loops:5 and loops:6."));
  CHECK(has(text,
            "The 5 slower models took 12.0x [11.6-12.4] (thread-pool:50) to 60.4x [53.4-68.3] (sequential) as long."));
  CHECK(has(text, "one thread and pools of 1, 2, 3 and 50 spend at least"));
  CHECK(
      has(text,
          "These runs can't tell loops:2, loops:3, loops:4, loops:5 and loops:6 from one loop with the same number in "
          "flight, using about 1.00 to 1.00 times the processor time."));
}

TEST_CASE("if silent ports take most of the time, the sentence is about timeouts, not answers") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[0].runs) run.p50_us = 190;
  comparison.setup.timeout_ms = 2000;
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text,
            "3 of the 8 probes got no answer, and each of them occupies a thread for the whole timeout of 2,000 "
            "ms: one thread and a pool"));
  CHECK_FALSE(has(text, "almost nothing to wait for"));
  CHECK_FALSE(has(text, "Half of the answers"));
}

TEST_CASE("a line never ends between a number and its spread or unit, nor within a model's name") {
  Comparison comparison = made_comparison();
  for (const char* model : {"loops:2", "loops:16", "loops:128", "loops:1000"}) {
    comparison.entries.push_back(entry_of(model, "oocccsss", {0.301, 0.41, 0.502}));
    comparison.entries.back().contender.shows_in_flight = true;
  }
  for (uint64_t probes = 8; probes < 8'000'000'000'000'000'000; probes *= 10) {
    comparison.setup.probes = probes;  // its digits shift what follows
    comparison = evaluated(comparison);
    std::istringstream lines(words_text(comparison, table_columns));
    for (std::string line; std::getline(lines, line);) {
      CHECK(columns(line) <= table_columns);
      for (const char* start : {"± ", "ms", "%", "-c ", "times ", "["}) CHECK_FALSE(line.starts_with(start));
      for (const char* end : {"±", "-c"}) CHECK_FALSE(line.ends_with(end));
    }
  }
}

TEST_CASE("if answers arrive at once, no model is called waiting") {
  Comparison comparison = made_comparison();
  comparison.setup.timeout_ms = 10;
  for (RunRecord& run : comparison.entries[0].runs) run.p50_us = 9;
  CHECK_FALSE(has(all_sentences(evaluated(comparison)), "almost nothing to wait for"));  // it waited all the same
  for (RunRecord& run : comparison.entries[0].runs) run.system_us = run.wall_us;
  CHECK(has(all_sentences(evaluated(comparison)), "almost nothing to wait for"));
  CHECK_FALSE(has(all_sentences(evaluated(comparison)), "time waiting"));
  comparison.entries.erase(comparison.entries.begin());
  CHECK(has(all_sentences(evaluated(comparison)), "a pool of 50 spends 99.9 % of its time waiting."));
}
