// What a comparison computes from its runs (statistics, the reference, ranks), and how it is set up and run.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "compare/comparison.hpp"
#include "compare/lab_truth.hpp"
#include "compare/run_comparison.hpp"
#include "compare/run_process.hpp"
#include "support/made_comparison.hpp"

using namespace portloop;
using namespace portloop::compare;
using portloop::testing::made_comparison;
using portloop::testing::run_of;

namespace {

std::string names(const std::vector<Contender>& contenders) {
  std::string text;
  for (const Contender& contender : contenders) text += (text.empty() ? "" : ", ") + contender.name();
  return text;
}

std::string expanded(std::string_view models, Sweep sweep) {
  if (sweep.in_flight.empty()) sweep.in_flight = {100};
  return names(expand(*parse_models(models), sweep));
}

const volatile std::sig_atomic_t go_on = 0;

}  // namespace

TEST_CASE("a summary has mean, median, minimum, maximum and sample deviation") {
  const Summary summary = summarise({4, 1, 7, 8});
  CHECK(summary.mean == doctest::Approx(5));
  CHECK(summary.median == doctest::Approx(5.5));
  CHECK(summary.min == 1);
  CHECK(summary.max == 8);
  CHECK(summary.deviation == doctest::Approx(std::sqrt(30.0 / 3)));
  CHECK(summarise({3}).deviation == 0);
  CHECK(summarise({}).mean == 0);
}

TEST_CASE("a ratio has the uncertainty of both sides") {
  const Ratio r = ratio(summarise({19, 20, 21}), summarise({9, 10, 11}));
  CHECK(r.value == doctest::Approx(2));
  CHECK(r.uncertainty == doctest::Approx(2 * std::sqrt(0.05 * 0.05 + 0.1 * 0.1)));
  CHECK(r.differs());
  CHECK_FALSE(ratio(summarise({9, 10, 11}), summarise({9, 10, 12})).differs());
  CHECK_FALSE(ratio(summarise({500}), summarise({9, 10, 11})).differs());
  CHECK_FALSE(ratio(summarise({500}), summarise({9, 10, 11})).has_uncertainty());
  CHECK(ratio(summarise({500}), summarise({9, 10, 11})).uncertainty == 0);
  // 1.25 is 2.5 times the uncertainty away from 1: enough for three runs, but not for two.
  CHECK(ratio(summarise({12, 12.5, 13}), summarise({9.05, 10, 10.95})).differs() == false);
  CHECK(ratio(summarise({12, 12.5, 13}), summarise({9.2, 10, 10.8})).differs());
  CHECK_FALSE(ratio(summarise({12.15, 12.85}), summarise({9.434, 10.566})).differs());
}

TEST_CASE("a percentile is the nearest rank") {
  std::vector<uint32_t> values;
  for (uint32_t i = 100; i > 0; --i) values.push_back(i);
  CHECK(percentile(values, 0.50) == 50);
  CHECK(percentile(values, 0.95) == 95);
  CHECK(percentile(values, 0.99) == 99);
  std::vector<uint32_t> one = {7};
  CHECK(percentile(one, 0.99) == 7);
  std::vector<uint32_t> none;
  CHECK(percentile(none, 0.5) == 0);
}

TEST_CASE("models are parsed back from their names, each only once") {
  CHECK(names(*parse_models("sequential,thread-per-connection,thread-pool:50,loop,loops:3,loop/uv,loops:1")) ==
        "sequential, thread-per-connection, thread-pool:50, loop, loops:3, loop/uv");
}

TEST_CASE("an unknown model is rejected with its name") {
  for (const char* word : {"thread-pool:0", "thread-pool:", "thread-pool:65537", "thread-pool:5x", "loops:0",
                           "loops:-1", "loops", "Loop", "", "loop, loop"}) {
    CAPTURE(word);
    const auto models = parse_models(word);
    CHECK_FALSE(models);
    if (!models) CHECK(models.error().find("thread-pool:N") != std::string::npos);
  }
}

TEST_CASE("a sweep varies one parameter at a time, or all combinations") {
  CHECK(expanded("sequential,loop", {{}, {}, {}, false}) == "sequential, loop");
  CHECK(expanded("sequential,loop,loops:2", {{1, 4}, {}, {}, false}) == "sequential, loop, loops:4");
  CHECK(expanded("sequential,thread-pool:50", {{}, {}, {10, 20}, false}) ==
        "sequential, thread-pool:10, thread-pool:20");
  CHECK(expanded("sequential", {{2}, {}, {9}, false}) == "sequential, loops:2, thread-pool:9");
  CHECK(expanded("loop", {{}, {10, 20}, {}, false}) == "loop -c 10, loop -c 20");
  CHECK(expanded("loop", {{1, 2}, {10, 20}, {}, false}) == "loop -c 10, loop -c 20, loops:2 -c 10");
  CHECK(expanded("loop", {{1, 2}, {10, 20}, {}, true}) == "loop -c 10, loop -c 20, loops:2 -c 10, loops:2 -c 20");
}

TEST_CASE("a record can be encoded and decoded, and a truncated one is rejected") {
  RunRecord record = run_of("oocfsuc", 1.5);
  uint64_t next = 1;
  for (const RecordField& field : record_fields()) field.in(record) = next++;
  const std::string text = encode(record);
  const auto back = decode(text, 7);
  REQUIRE(back);
  CHECK(back->states == record.states);
  for (const RecordField& field : record_fields()) CHECK(field.of(*back) == field.of(record));
  for (size_t length = 0; length < text.size(); ++length)
    CHECK_FALSE(decode(std::string_view(text).substr(0, length), 7));
  CHECK_FALSE(decode(text, 6));
  CHECK_FALSE(decode(text, 8));
  CHECK_FALSE(decode(text + "x", 7));
}

TEST_CASE("the reference is the majority; a tie is open, and unknown states have no vote") {
  const auto states_of = [](const char* text) { return run_of(text, 1).states; };
  const Verdicts a = states_of("ooscu"), b = states_of("occcu"), c = states_of("osscu"), d = states_of("oouuu");
  CHECK(consensus({&a, &b, &c, &d}) == states_of("oofcn"));
}

TEST_CASE("results are judged probe by probe") {
  const Correctness c = judge(run_of("oscoucfn", 1).states, run_of("ooocoscc", 1).states);
  CHECK(c.found == 1);
  CHECK(c.missed == 2);
  CHECK(c.wrongly_open == 1);
  CHECK(c.unknown == 2);
  CHECK(c.misjudged == 2);
  CHECK_FALSE(c.right());
  CHECK(judge(run_of("osf", 1).states, run_of("off", 1).states).right());
}

TEST_CASE("a model that is wrong in one of its runs has no rank, however fast it is") {
  Comparison comparison = made_comparison();
  comparison.entries[2].runs[1].states[0] = ProbeState::closed;
  evaluate(comparison);
  CHECK_FALSE(comparison.entries[2].rank);
  CHECK(comparison.entries[2].correctness.missed == 1);
  REQUIRE(comparison.fastest() != nullptr);
  CHECK(comparison.fastest()->contender.name() == "thread-pool:50");
  CHECK(comparison.entries[0].rank == 2U);
  CHECK(comparison.ranked().back()->contender.name() == "loop");
}

TEST_CASE("with the lab's ground truth a model is wrong even if all models agree") {
  Comparison comparison = made_comparison();
  comparison.truth = comparison.entries[0].runs[0].states;
  comparison.truth[3] = ProbeState::open;
  evaluate(comparison);
  CHECK(comparison.open_ports == 3);
  CHECK(comparison.fastest() == nullptr);
}

TEST_CASE("the lab's ground truth is rejected unless it is complete") {
  const Address host = *parse_address("10.0.0.1");
  const TargetSet targets({{host, host}}, {});
  PortSet ports;
  ports.add({22, 23});
  const std::string open = R"({"address":"10.0.0.1","port":22,"state":"open"})"
                           "\n";
  const std::string closed = R"({"address":"10.0.0.1","port":23,"state":"filtered"})"
                             "\n";
  const auto truth = read_truth(closed + open, targets, ports);
  REQUIRE(truth);
  CHECK(*truth == Verdicts{ProbeState::open, ProbeState::filtered});
  CHECK_FALSE(read_truth(open, targets, ports));
  CHECK_FALSE(read_truth(open + "nonsense\n", targets, ports));
  CHECK_FALSE(read_truth(open + R"({"address":"10.0.0.2","port":23,"state":"open"})"
                                "\n",
                         targets, ports));
}

TEST_CASE("each round runs every model once, in its own order, which the seed determines") {
  std::set<std::vector<size_t>> orders;
  for (uint32_t round = 0; round < 20; ++round) {
    const std::vector<size_t> order = order_of_round(5, round, 42);
    CHECK(std::set<size_t>(order.begin(), order.end()).size() == 5);
    CHECK(order == order_of_round(5, round, 42));
    orders.insert(order);
  }
  CHECK(orders.size() > 10);
}

TEST_CASE("a process gets its input, its output is read, and its end is described") {
  const std::string much(300'000, 'x');
  const ProcessOutcome echoed = run_process({"cat"}, much, go_on);
  CHECK(echoed.output == much);
  CHECK(echoed.error == "");
  CHECK(run_process({"true"}, much, go_on).error == "");
  CHECK(run_process({"false"}, "", go_on).error == "exited with status 1");
  CHECK(run_process({"sh", "-c", "kill -9 $$"}, "", go_on).error == "killed by signal: Killed");
  CHECK(run_process({"no-such-program-here"}, "", go_on).error == "no-such-program-here could not be started");
}

TEST_CASE("a process is killed if the comparison is stopped") {
  const volatile std::sig_atomic_t stop = 1;
  CHECK(run_process({"sleep", "1000"}, "", stop).stopped);
}
