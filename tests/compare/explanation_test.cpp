// The model of the costs, and what --explain makes of it.
#include <doctest/doctest.h>

#include <algorithm>

#include "compare/cost_model.hpp"
#include "compare/explanation.hpp"
#include "compare/exports.hpp"
#include "compare/guest_programs.hpp"
#include "compare/table.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using portloop::testing::entry_of;
using portloop::testing::has;

namespace {

CostInputs wan() {
  CostInputs inputs;
  inputs.answered = 1000;
  inputs.answer_s = 0.040;
  inputs.in_flight = 50;
  inputs.processor_s = 0.020;
  inputs.processors = 2;
  return inputs;
}

/// 1,000 probes that are answered after 40 ms: one thread in 40 s, a pool of 50 in 0.8 s, a loop in 40 ms.
Comparison wan_comparison() {
  Comparison comparison;
  const std::string states(1000, 'c');
  const auto add = [&](const char* model, double wall_s, uint64_t in_flight) {
    comparison.entries.push_back(entry_of(model, states, {wall_s, wall_s, wall_s}));
    for (RunRecord& run : comparison.entries.back().runs) {
      run.p50_us = 40'000;
      run.model.peak_in_flight = in_flight;
    }
  };
  add("sequential", 40, 1);
  add("thread-pool:50", 0.8, 50);
  add("loop", 0.04, 1000);
  comparison.setup.probes = 1000;
  comparison.setup.command_line = "portloop compare";
  comparison.unit_costs = UnitCosts{10e-6, 5e-6, 1e-7, 2e-7, 2};
  evaluate(comparison);
  return comparison;
}

std::string sentences_of(Comparison comparison) {
  evaluate(comparison);
  std::string text;
  for (const std::string& sentence : explanation_sentences(comparison, explain(comparison))) text += sentence + '\n';
  return text;
}

const Explained& of(const Explanation& explanation, std::string_view name) {
  return *std::find_if(explanation.models.begin(), explanation.models.end(),
                       [name](const Explained& model) { return model.entry->contender.name() == name; });
}

}  // namespace

TEST_CASE("the largest term decides, and start-up is added to it") {
  CostInputs inputs = wan();
  CHECK(predict(inputs).total_s() == doctest::Approx(0.8));
  CHECK(predict(inputs).binds() == CostTerm::waiting);
  inputs.threads = 50;
  inputs.thread_s = 1e-3;
  CHECK(predict(inputs).total_s() == doctest::Approx(0.85));
  CHECK(predict(inputs).binds() == CostTerm::waiting);
  inputs.thread_s = 20e-3;
  CHECK(predict(inputs).binds() == CostTerm::start_up);
  inputs.threads = 0;
  inputs.processor_s = 2;
  CHECK(predict(inputs).total_s() == doctest::Approx(1));  // on two processors
  CHECK(predict(inputs).binds() == CostTerm::processor);
  inputs.rate = 500;
  CHECK(predict(inputs).total_s() == doctest::Approx(2));
  CHECK(predict(inputs).binds() == CostTerm::network);
}

TEST_CASE("no number in flight makes a scan shorter than its longest wait") {
  CostInputs inputs = wan();
  inputs.in_flight = 1000;
  CHECK(predict(inputs).waiting_s == doctest::Approx(0.040));
  inputs.silent = 1;
  inputs.silence_s = 2;
  CHECK(predict(inputs).waiting_s == doctest::Approx(2));
  CHECK(in_flight_that_suffices(inputs) == 21);  // 1,000 answers and a silence: 42 s in 2 s
  inputs.answered = 0;
  inputs.silent = 1000;
  inputs.in_flight = 100;
  CHECK(predict(inputs).waiting_s == doctest::Approx(20));
}

TEST_CASE("as many connects in flight suffice as make another term the largest") {
  CostInputs inputs = wan();
  for (const double answer_s : {0.040, 0.0411, 0.0413, 0.0417, 0.1 + 0.2}) {
    inputs.answer_s = answer_s;
    CHECK(in_flight_that_suffices(inputs) == 1000);  // however it is rounded
  }
  inputs.answer_s = 0.040;
  inputs.rate = 5000;
  CHECK(in_flight_that_suffices(inputs) == 200);
  inputs.processor_s = 8;
  CHECK(in_flight_that_suffices(inputs) == 10);
  CHECK(in_flight_that_suffices(CostInputs{}) == 1);
}

TEST_CASE("the threads that match a time are as many as shorten the wait to it, if they can be made in it") {
  CostInputs inputs = wan();
  CHECK(threads_to_match(inputs, 0.05) == 800);
  inputs.thread_s = 10e-6;
  const double threads = threads_to_match(inputs, 0.05);
  CHECK(threads == 1000);  // 40 ms of waiting and 10 ms for making them
  inputs.thread_s = 20e-6;
  CHECK(threads_to_match(inputs, 0.05) == 0);
  CHECK(threads_to_match(inputs, 0.039) == 0);  // shorter than one answer
  inputs.thread_s = 0;
  inputs.rate = 10'000;
  CHECK(threads_to_match(inputs, 0.05) == 0);
}

TEST_CASE("a prediction is wrong if it is off by more than a third, in either direction") {
  CHECK_FALSE(is_off(3, 4));
  CHECK(is_off(3, 4.01));
  CHECK_FALSE(is_off(3, 2));
  CHECK(is_off(3, 1.99));
}

TEST_CASE("models that only wait take what is predicted, and a pool needs as many threads as the loop has connects") {
  const Comparison comparison = wan_comparison();
  const Explanation explanation = explain(comparison);
  CHECK(explanation.answer_s == doctest::Approx(0.04));
  CHECK(explanation.rate == 0);
  REQUIRE(explanation.models.size() == 3);
  for (const Explained& model : explanation.models) {
    CAPTURE(model.entry->contender.name());
    CHECK_FALSE(model.off);
    CHECK(model.prediction.binds() == CostTerm::waiting);
  }
  Comparison slower_loop = comparison;
  for (RunRecord& run : slower_loop.entries[2].runs) run.wall_us = 55'000;
  const std::string text = sentences_of(slower_loop);
  CHECK(has(text, "sequential: with 1,000 connects in flight instead of 1 it would take 40.0 ms."));
  CHECK(has(text,
            "thread-pool:50: with 1,000 connects in flight instead of 50 it would take 40.5 ms; to match loop "
            "(55.0 ms) a pool would need 863 threads."));
  CHECK(has(text, "loop: it has every wait at the same time: only a shorter round trip would change it."));
  CHECK(has(text, "No model filled a queue of the network, so its rate is not known and limits none."));
  CHECK(has(text, "making a thread takes 10.0 µs, waking one 5.00 µs, a system call 0.10 µs"));
}

TEST_CASE("a network whose answers queue has the rate of the model that reached most") {
  Comparison comparison = wan_comparison();
  for (RunRecord& run : comparison.entries[2].runs) {
    run.p50_us = 90'000;
    run.wall_us = 200'000;
  }
  evaluate(comparison);
  const Explanation explanation = explain(comparison);
  CHECK(explanation.rate == doctest::Approx(5000));
  CHECK(of(explanation, "loop").prediction.binds() == CostTerm::network);
  CHECK(of(explanation, "thread-pool:50").prediction.binds() == CostTerm::waiting);
  CHECK(has(sentences_of(comparison), "The network answered up to 5,000 connects per second (loop), while the rest"));
  CHECK(has(sentences_of(comparison), "loop: the network's rate: nothing on this side would change it."));
  Comparison busy = comparison;  // it queued because the loop was too slow to see the answers
  for (RunRecord& run : busy.entries[2].runs) run.user_us = 190'000;
  evaluate(busy);
  CHECK(explain(busy).rate == 0);
  Comparison exceeded = comparison;  // another model was faster without a queue, so it was not the network
  exceeded.entries.push_back(exceeded.entries[1]);
  exceeded.entries.back().contender.threads = 500;
  for (RunRecord& run : exceeded.entries.back().runs) run.wall_us = 190'000;
  evaluate(exceeded);
  CHECK(explain(exceeded).rate == 0);
  CHECK_FALSE(has(sentences_of(exceeded), "the network's rate: nothing"));
  Comparison here = comparison;  // there is no network between
  for (Entry& entry : here.entries) {
    for (RunRecord& run : entry.runs) run.p50_us = &entry == &here.entries[2] ? 40 : 10;
  }
  evaluate(here);
  CHECK(explain(here).rate == 0);
}

TEST_CASE("where a prediction is wrong, the sentence names the term, and what was measured instead") {
  const auto with = [](auto change) {
    Comparison comparison = wan_comparison();
    change(comparison.entries[1]);
    return sentences_of(comparison);
  };
  const auto each = [](Entry& entry, auto change) {
    for (RunRecord& run : entry.runs) change(run);
  };
  CHECK_FALSE(has(with([](Entry&) {}), "times what is predicted"));
  CHECK(has(with([&](Entry& entry) {
              each(entry, [](RunRecord& run) {
                run.wall_us = 1'400'000;
                run.p50_us = 70'000;  // less than twice the 40 ms, so no queue of the network
              });
            }),
            "thread-pool:50 took 1.75 times what is predicted: the term that is wrong is waiting, as its answers took "
            "70.0 ms, not 40.0 ms."));
  CHECK(has(with([&](Entry& entry) {
              each(entry, [](RunRecord& run) {
                run.wall_us = 4'000'000;
                run.model.peak_in_flight = 10;
              });
            }),
            "the term that is wrong is waiting, as it had 10 connects in flight, not 50."));
  CHECK(has(with([&](Entry& entry) {
              each(entry, [](RunRecord& run) {
                run.wall_us = 1'600'000;
                run.run_delay_us = 800'000;
              });
            }),
            "the term that is wrong is processor, as its first thread waited 800 ms for a processor."));
  CHECK(has(with([&](Entry& entry) {
              each(entry, [](RunRecord& run) {
                run.wall_us = 4'000'000;
                run.user_us = 4'000'000;
              });
            }),
            "the term that is wrong is processor, as it used 1.0 processors, not 2."));
  CHECK(has(with([&](Entry& entry) { each(entry, [](RunRecord& run) { run.wall_us = 9'000'000; }); }),
            "thread-pool:50 took 11.24 times what is predicted: no term that is measured here explains it."));
  Comparison burst = wan_comparison();
  for (RunRecord& run : burst.entries[2].runs) {
    run.user_us = 30'000;
    run.system_us = 0;
    run.wall_us = 70'000;
  }
  CHECK(has(sentences_of(burst), "as it started all connects first, and then waited for the answers."));
}

TEST_CASE("a guest with an interpreter's lock can use one processor; its threads are not counted as start-up") {
  Comparison comparison = wan_comparison();
  for (const char* name :
       {"python/thread-pool:50", "python/free-threaded", "node", "go", "rust/tokio", "python/thread-per-port"}) {
    Entry entry = comparison.entries[1];
    entry.contender = parse_guests(name)->front().contender;
    if (entry.contender.threads == 0) entry.contender.in_flight = 100;
    comparison.entries.push_back(entry);
  }
  evaluate(comparison);
  const Explanation explanation = explain(comparison);
  CHECK(of(explanation, "thread-pool:50").inputs.processors == 2);
  CHECK(of(explanation, "thread-pool:50").prediction.start_up_s == doctest::Approx(49 * 10e-6));
  CHECK(of(explanation, "python/thread-pool:50").inputs.processors == 1);
  CHECK(of(explanation, "python/thread-pool:50").prediction.start_up_s == 0);
  CHECK(of(explanation, "python/free-threaded").inputs.processors == 2);
  CHECK(of(explanation, "node").inputs.processors == 1);
  CHECK(of(explanation, "node").inputs.in_flight == 100);
  CHECK(of(explanation, "go").inputs.processors == 2);
  CHECK(of(explanation, "go").inputs.in_flight == 100);
  CHECK(of(explanation, "python/thread-per-port").inputs.in_flight == 1000);
}

TEST_CASE("silent ports are those that no model got an answer of") {
  Comparison comparison = wan_comparison();
  comparison.setup.timeout_ms = 500;
  comparison.setup.retries = 1;
  for (Entry& entry : comparison.entries) {
    for (RunRecord& run : entry.runs) std::fill_n(run.states.begin(), 100, ProbeState::silent);
  }
  std::fill_n(comparison.entries[2].runs[1].states.begin(), 400, ProbeState::silent);
  evaluate(comparison);
  const Explained pool = of(explain(comparison), "thread-pool:50");
  CHECK(pool.inputs.silent == 100);
  CHECK(pool.inputs.silence_s == doctest::Approx(1.0));
  CHECK(pool.inputs.threads == 98);  // in two passes
}

TEST_CASE("the explanation is in every form of output, and only if it was asked for") {
  Comparison comparison = wan_comparison();
  for (RunRecord& run : comparison.entries[1].runs) run.wall_us = 9'000'000;
  evaluate(comparison);
  CHECK(has(explanation_text(comparison, table_columns), "thread-pool:50             800 ms    9.00 s  11.24!"));
  CHECK(has(to_markdown(comparison), "| `loop` | 40.0 ms | 40.0 ms | 1.00 | 40.0 ms | 10.0 ms | - | - | waiting |"));
  CHECK(has(to_html(comparison),
            "<th scope=\"row\" class=\"model\">loop</th><td>40.0 ms</td><td>40.0 ms</td><td>1.00</td>"));
  CHECK(has(to_json(comparison), "{\"command\":\"loop\",\"predicted\":0.04,\"measured\":0.04,\"waiting\":0.04"));
  CHECK(has(to_json(comparison), "\"binds\":\"waiting\",\"off\":true,\"wrong_term\":null"));
  comparison.unit_costs.reset();
  CHECK(explanation_text(comparison, table_columns).empty());
  for (const auto& write : {to_json, to_markdown, to_html}) CHECK_FALSE(has(write(comparison), "redicted"));
}

TEST_CASE("the explanation fits 100 columns, whatever the numbers") {
  Comparison comparison = wan_comparison();
  Entry entry = comparison.entries[0];
  entry.contender = parse_guests("python/thread-pool:65536")->front().contender;
  for (RunRecord& run : entry.runs) {
    for (const RecordField& field : record_fields()) field.in(run) = 98'765'432'123;
  }
  comparison.entries.push_back(entry);
  evaluate(comparison);
  const std::string text = explanation_text(comparison, table_columns);
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    CAPTURE(text.substr(start, end - start));
    CHECK(columns_of(text.substr(start, end - start)) <= table_columns);
    start = end + 1;
  }
}

TEST_CASE("what the building blocks cost here is measured") {
  const UnitCosts costs = measure_unit_costs();
  for (const double cost_s : {costs.thread_s, costs.wakeup_s, costs.system_call_s, costs.timer_s}) CHECK(cost_s > 0);
  CHECK(costs.processors >= 1);
}
