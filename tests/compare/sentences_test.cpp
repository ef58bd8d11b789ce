// Every sentence under the table, with the condition on which it appears: a comparison for which it does, and one for
// which it does not. A sentence that has no row here fails the test.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/guest_programs.hpp"
#include "compare/words.hpp"
#include "support/made_comparison.hpp"
#include "support/sentence_rows.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

namespace {

Entry guest_of(const char* name, std::initializer_list<double> walls_s) {
  Entry entry = entry_of("sequential", "oocccsss", walls_s);
  entry.contender = parse_guests(name)->front().contender;
  return entry;
}

/// Adds Python's single thread and its pool, and makes the pool of C++ as fast as its single thread.
void add_python(Comparison& c) {
  c.entries[1] = entry_of("thread-pool:50", "oocccsss", {6.0, 6.1, 6.2});
  c.entries.push_back(guest_of("python/sequential", {12.0, 12.2, 12.4}));
  c.entries.push_back(guest_of("python/thread-pool:50", {60.0, 61.0, 62.0}));
  each_run(c.entries.back(), [](RunRecord& run) { run.switches_voluntary = 80; });
}

void add_loops(Comparison& c, std::initializer_list<double> walls_s) {
  c.entries.push_back(entry_of("loops:2", "oocccsss", walls_s));
}

void keep_one_run(Comparison& c) {
  for (Entry& entry : c.entries) entry.runs.resize(1);
}

void answer_at_once(Comparison& c) {
  c.setup.timeout_ms = 1;
  for (Entry& entry : c.entries) {
    each_run(entry, [](RunRecord& run) {
      run.p50_us = 9;
      run.system_us = run.wall_us;
    });
  }
}

void make_late(Comparison& c, uint64_t late) {
  for (Entry& entry : c.entries) {
    each_run(entry, [late](RunRecord& run) {
      run.lab_answers = 1000;
      run.lab_late = late;
    });
  }
}

void open_wrongly(Comparison& c, size_t entry) {
  each_run(c.entries[entry], [](RunRecord& run) { run.states[3] = ProbeState::open; });
}

const std::vector<SentenceRow>& rows() {
  static const std::vector<SentenceRow> all = {
      {"no model has a rank", "No model has a rank, so none is called the fastest\\.",
       [](Comparison& c) {
         for (Entry& entry : c.entries) entry.failure = "broken";
       },
       unchanged},
      {"a single model has a rank", "\\S+(, the only model with a rank,)? took .* for 8 probes: .* per second\\.",
       [](Comparison& c) { c.entries.resize(1); }, unchanged},
      {"no two ranked models share two rounds", "A single run of each model does not show .* called faster\\.",
       keep_one_run, unchanged},
      {"all ranked models are significantly slower than the first", "\\S+ was the fastest.*", unchanged,
       [](Comparison& c) {
         c.entries[1] = entry_of("thread-pool:50", "oocccsss", {0.05, 0.2, 0.1});
       }},
      {"a ranked model is as fast as the first, or not told from it", "\\S+ ranks first.*",
       [](Comparison& c) {
         c.entries[1] = entry_of("thread-pool:50", "oocccsss", {0.05, 0.2, 0.1});
       },
       unchanged},
      {"a loop with a rank had several connects in flight", "\\S+ had up to .* connects in flight on .*", unchanged,
       [](Comparison& c) { c.entries.pop_back(); }},
      {"a loop with a rank had one connect in flight", "\\S+ had no more than one connect in flight.*",
       [](Comparison& c) { each_run(c.entries[2], [](RunRecord& run) { run.model.peak_in_flight = 1; }); }, unchanged},
      {"loops were significantly faster or slower than one", "loops:2 (was .* as fast as|took .* as long as) loop, .*",
       [](Comparison& c) {
         add_loops(c, {0.05, 0.0505, 0.051});
       },
       [](Comparison& c) {
         add_loops(c, {0.1, 0.101, 0.102});
       }},
      {"loops were within 5 % of one", "loops:2 was as fast as loop, within 5 % .*",
       [](Comparison& c) {
         add_loops(c, {0.1, 0.101, 0.102});
       },
       [](Comparison& c) {
         add_loops(c, {0.05, 0.2, 0.1});
       }},
      {"loops are not told from one", "These runs can't tell loops:2 from loop .*",
       [](Comparison& c) {
         add_loops(c, {0.05, 0.2, 0.1});
       },
       [](Comparison& c) {
         add_loops(c, {0.1, 0.101, 0.102});
       }},
      {"half of one thread's connects were answered at once, and it was at work",
       "Half of .* almost nothing to wait for.*", answer_at_once, unchanged},
      {"timeouts took most of a blocking model's time, and it waited", "3 of the 8 probes got no answer.* waiting\\.",
       [](Comparison& c) { c.setup.timeout_ms = 2000; }, unchanged},
      {"blocking models waited for answers for most of their time", "Half of the answers take .* time waiting\\.",
       unchanged, answer_at_once},
      {"there was a thread for each connection",
       "thread-per-connection reached .* threads? at once; the system refused .*",
       [](Comparison& c) {
         c.entries.push_back(entry_of("thread-per-connection", "oocccsss", {0.5, 0.5, 0.5}));
       },
       unchanged},
      {"the system refused a pool its threads", "\\S+ got no more than .*: the system refused the rest\\.",
       [](Comparison& c) { c.entries[1].runs[0].model.threads_refused = 1; }, unchanged},
      {"more loops than connects in flight were asked for", "loops:2 ran only 1 loop: each needs .*",
       [](Comparison& c) {
         add_loops(c, {0.1, 0.101, 0.102});
         each_run(c.entries[3], [](RunRecord& run) { run.model.peak_threads = 2; });
       },
       [](Comparison& c) {
         add_loops(c, {0.1, 0.101, 0.102});
         each_run(c.entries[3], [](RunRecord& run) { run.model.peak_threads = 3; });
       }},
      {"a model ran out of a local resource", "\\S+ ran out of descriptors, source ports or memory .*",
       [](Comparison& c) { c.entries[1].runs[0].model.local_failures = 1; }, unchanged},
      {"the models' memory differs by less than a tenth", "Every model used about .* of resident memory\\.", unchanged,
       [](Comparison& c) { c.entries[1].runs[0].memory_kib = c.entries[1].runs[1].memory_kib = 6000; }},
      {"the models' memory differs by a tenth or more", "Resident memory ranged from .*",
       [](Comparison& c) { c.entries[1].runs[0].memory_kib = c.entries[1].runs[1].memory_kib = 6000; }, unchanged},
      {"a model reported a port as open that is not",
       ".*reported 1 port as open that is not in the worst run, so .*rank\\.",
       [](Comparison& c) { open_wrongly(c, 1); }, unchanged},
      {"a model made significantly more errors",
       ".* in the worst run\\. (It makes|They make) significantly more errors .*",
       [](Comparison& c) { each_run(c.entries[1], [](RunRecord& run) { run.states[0] = ProbeState::closed; }); },
       unchanged},
      {"a model with a rank was wrong in a run",
       "Up to 1 \\(\\S+\\) of the 8 probes were wrong or unknown in a run; .*",
       [](Comparison& c) { c.entries[1].runs[0].states[0] = ProbeState::closed; }, unchanged},
      {"the lab was late with more than 1 % of its answers to a model", "The lab was late with .* mean little\\.",
       [](Comparison& c) { make_late(c, 100); }, [](Comparison& c) { make_late(c, 1); }},
      {"the lab was late, but never with more than 1 %", "The lab was late with less than 1 % .*",
       [](Comparison& c) { make_late(c, 1); }, [](Comparison& c) { make_late(c, 0); }},
      {"a guest with a lock was significantly slower than the same way in C++", "The same way, in an interpreter: .*",
       add_python,
       [](Comparison& c) {
         c.entries.push_back(guest_of("python/sequential", {6.0, 6.1, 6.2}));
       }},
      {"a pool is slower than one thread in Python, with more switches, and not in C++",
       "Threads cost .* runs Python\\.", add_python,
       [](Comparison& c) {
         add_python(c);
         c.entries[1] = entry_of("thread-pool:50", "oocccsss", {16.0, 16.1, 16.2});
       }},
      {"guests, and no model, saw open ports on this machine's own addresses", "On this machine's own addresses .*",
       [](Comparison& c) {
         add_python(c);
         c.setup.only_loopback = true;
         open_wrongly(c, 3);
       },
       [](Comparison& c) {
         add_python(c);
         open_wrongly(c, 3);
       }},
      {"a model's times have a deviation of more than 15 %", "The times of .* vary widely: use more runs .*",
       [](Comparison& c) { c.entries[0].runs[0].wall_us *= 3; }, unchanged},
      {"packets were lost between the models and the lab", "5 packets were lost\\.",
       [](Comparison& c) { c.caveat = "5 packets were lost."; }, unchanged},
      {"the comparison was interrupted", "Interrupted: the comparison is incomplete .*",
       [](Comparison& c) { c.complete = false; }, unchanged},
  };
  return all;
}

std::vector<std::string> sentences_with(const Change& change) {
  Comparison comparison = made_comparison();
  comparison.setup.timeout_ms = 10;
  change(comparison);
  evaluate(comparison);
  return sentences(comparison);
}

}  // namespace

TEST_CASE("every sentence is there if its condition holds, and only then") { check_conditions(rows(), sentences_with); }

TEST_CASE("every sentence has exactly one condition") { check_that_rows_are_complete(rows(), sentences_with); }
