// What a comparison computes from its runs (statistics, the reference, ranks), and how it is set up and run.
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "compare/comparison.hpp"
#include "compare/control_group.hpp"
#include "compare/forecast.hpp"
#include "compare/lab_load.hpp"
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
  CHECK(summary.geometric_mean == doctest::Approx(std::pow(4 * 1 * 7 * 8, 0.25)));
  CHECK(summarise({3}).deviation == 0);
  CHECK(summarise({}).mean == 0);
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
  CHECK(c.errors() == 7);
  CHECK(judge(run_of("osf", 1).states, run_of("off", 1).states).errors() == 0);
}

TEST_CASE("a model that makes significantly more errors than the best has no rank, however fast it is") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) run.states[0] = ProbeState::closed;
  evaluate(comparison);
  CHECK_FALSE(comparison.entries[2].rank);
  CHECK(comparison.entries[2].withheld == Withheld::more_errors);
  CHECK(comparison.entries[2].correctness.missed == 1);
  CHECK(comparison.entries[2].error_rate == doctest::Approx(1.0 / 8));
  REQUIRE(comparison.fastest() != nullptr);
  CHECK(comparison.fastest()->contender.name() == "thread-pool:50");
  CHECK(comparison.entries[0].rank == 2U);
  CHECK(comparison.ranked().back()->contender.name() == "loop");
}

TEST_CASE("closed ports called filtered cost a model its rank as much as missed ones") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) run.states[4] = ProbeState::silent;
  evaluate(comparison);
  CHECK(comparison.entries[2].correctness.misjudged == 1);
  CHECK_FALSE(comparison.entries[2].rank);
}

TEST_CASE("a model that is wrong in one run keeps its rank, unless it called a port open that is not") {
  Comparison comparison = made_comparison();
  comparison.entries[2].runs[1].states[0] = ProbeState::closed;
  evaluate(comparison);
  CHECK(comparison.entries[2].rank == 1U);
  CHECK(comparison.entries[2].withheld == Withheld::no);
  comparison.entries[2].runs[1].states[3] = ProbeState::open;
  evaluate(comparison);
  CHECK_FALSE(comparison.entries[2].rank);
  CHECK(comparison.entries[2].withheld == Withheld::wrongly_open);
}

TEST_CASE("with the lab's ground truth, what all models miss is an error of each") {
  Comparison comparison = made_comparison();
  comparison.truth = comparison.entries[0].runs[0].states;
  comparison.truth[3] = ProbeState::open;
  evaluate(comparison);
  CHECK(comparison.open_ports == 3);
  for (const Entry& entry : comparison.entries) {
    CHECK(entry.correctness.missed == 1);
    CHECK(entry.rank);  // none is worse than the best
  }
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

TEST_CASE("over as many rounds as models, each runs once in every place, and follows every other equally often") {
  for (const size_t models : {1U, 2U, 3U, 5U, 6U, 7U, 12U}) {
    for (const uint64_t seed : {0U, 42U}) {
      CAPTURE(models);
      std::map<std::pair<size_t, size_t>, int> places, neighbours;
      for (uint32_t round = 0; round < 2 * models; ++round) {
        const std::vector<size_t> order = order_of_round(models, round, seed);
        CHECK(order == order_of_round(models, round, seed));
        CHECK(std::set<size_t>(order.begin(), order.end()).size() == models);
        CHECK(*std::max_element(order.begin(), order.end()) == models - 1);
        for (size_t place = 0; place < models; ++place) {
          ++places[{order[place], place}];
          if (place > 0) ++neighbours[{order[place - 1], order[place]}];
        }
        if (round + 1 != models) continue;
        for (const auto& [key, count] : places) CHECK(count == 1);
        CHECK(places.size() == models * models);
      }
      CHECK(neighbours.size() == models * (models - 1));
      for (const auto& [key, count] : neighbours) CHECK(count == 2);
    }
  }
  CHECK(order_of_round(7, 0, 1) != order_of_round(7, 0, 2));
}

TEST_CASE("a forecast follows from a model's own runs, and before them from what is silent") {
  Comparison comparison = made_comparison();
  comparison.setup.probes = 2000;
  comparison.setup.timeout_ms = 1000;
  comparison.setup.retries = 1;
  comparison.setup.warmup = 1;
  comparison.setup.runs = 3;
  Forecast forecast(comparison.setup, 3, 0.1);
  const auto run_s = [&](size_t model) { return forecast.run_s(model, comparison.entries[model].contender); };
  CHECK(run_s(0) == doctest::Approx(200));  // as far as is known, nothing is silent
  CHECK(run_s(1) == doctest::Approx(4));
  RunRecord record = run_of("", 3.0);
  record.p50_us = 40'000;
  record.states.assign(2000, ProbeState::silent);
  std::fill_n(record.states.begin(), 100, ProbeState::closed);
  forecast.add(2, record);
  CHECK(run_s(2) == doctest::Approx(3));
  CHECK(run_s(0) == doctest::Approx(100 * 0.04 + 1900 * 2.0));
  CHECK(run_s(1) == doctest::Approx((100 * 0.04 + 1900 * 2.0) / 50));
  CHECK(forecast.remaining_s(comparison.entries) == doctest::Approx(4 * run_s(0) + 4 * run_s(1) + 3 * 3.0));
  comparison.entries[0].failure = "out of patience";
  CHECK(forecast.remaining_s(comparison.entries) == doctest::Approx(4 * run_s(1) + 3 * 3.0));
}

TEST_CASE("the lab's load is read from its last line of counters") {
  RunRecord record;
  const std::string line =
      R"({"syns":9,"packets_in":11,"packets_out":200,"late":7,"device_drops":3,"write_failures":1,"bottleneck":true})";
  CHECK_FALSE(read_lab_load("portloop-lab: no IPv6\n", record));
  CHECK_FALSE(read_lab_load(R"({"syns":9,"late":7})", record));
  CHECK(read_lab_load("portloop-lab: no IPv6\n" + line + '\n', record));
  CHECK(record.lab_answers == 200);
  CHECK(record.lab_late == 7);
  CHECK(record.lab_dropped == 4);
}

TEST_CASE("the limits of control groups are those of the group and of all above it, in both versions") {
  const std::filesystem::path root = std::filesystem::temp_directory_path() / ("groups-" + std::to_string(getpid()));
  const auto write = [&root](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text << '\n';
  };
  write("self", "5:cpu,cpuacct:/a\n4:pids:/\n1:name=systemd:/x\n0::/a/b");
  const auto limits = [&root] { return read_group_limits(root.string(), (root / "self").string()); };
  CHECK(limits().pids == "none");
  CHECK(limits().quota == "none");
  write("a/b/pids.max", "max");
  write("a/b/cpu.max", "max 100000");
  CHECK(limits().pids == "none");
  CHECK(limits().quota == "none");
  write("a/pids.max", "300");
  write("pids/pids.max", "400");
  write("a/cpu.max", "250000 100000");
  CHECK(limits().pids == "300");
  CHECK(limits().quota == "2.50 processors");
  write("cpu/a/cpu.cfs_quota_us", "-1");
  write("cpu/a/cpu.cfs_period_us", "100000");
  CHECK(limits().quota == "2.50 processors");
  write("cpu/a/cpu.cfs_quota_us", "150000");
  CHECK(limits().quota == "1.50 processors");
  std::filesystem::remove_all(root);
}

TEST_CASE("a process gets its input, its output is read, and its end is described") {
  const std::string much(300'000, 'x');
  const ProcessOutcome echoed = run_process({"cat"}, much, go_on);
  CHECK(echoed.output == much);
  CHECK(echoed.error == "");
  CHECK(run_process({"true"}, much, go_on).error == "");
  CHECK(run_process({"false"}, "", go_on).error == "exited with status 1");
  CHECK(run_process({"sh", "-c", "echo first >&2; echo the reason >&2; echo '{}' >&2; exit 3"}, "", go_on).error ==
        "exited with status 3: the reason");
  CHECK(run_process({"sh", "-c", "echo said >&2"}, "", go_on).errors == "said\n");
  CHECK(run_process({"sh", "-c", "kill -9 $$"}, "", go_on).error == "killed by signal: Killed");
  CHECK(run_process({"no-such-program-here"}, "", go_on).error == "no-such-program-here could not be started");
}

TEST_CASE("a model that fails is not run again, and its failure includes the reason; the quickest warms up first") {
  Comparison comparison = made_comparison();
  comparison.setup.warmup = 1;
  comparison.setup.runs = 2;
  comparison.setup.lab_profile = "lan";
  for (Entry& entry : comparison.entries) entry.runs.clear();
  RunCommand command;
  command.words = [](const Contender& contender, uint32_t) -> std::vector<std::string> {
    if (contender.kind == ModelKind::sequential) return {"sh", "-c", "echo 'portloop: no luck' >&2; exit 1"};
    const std::string record = encode(run_of("oocccsss", 0.1));
    return {"printf", R"(%s)", record};
  };
  command.input = [](const Contender&) -> const std::string& {
    static const std::string nothing;
    return nothing;
  };
  command.read = [](const Contender&, std::string_view output) -> Parsed<RunRecord> {
    if (auto record = decode(output, 8)) return *record;
    return SpecError{"no record"};
  };
  std::vector<size_t> order;
  run_comparison(
      comparison, 0.001, command, [&](size_t model, uint32_t, const Forecast&) { order.push_back(model); }, go_on);
  CHECK(comparison.complete);
  CHECK(comparison.entries[0].failure == "exited with status 1: no luck");
  CHECK(comparison.entries[1].failure == "");
  CHECK(comparison.entries[1].runs.size() == 2);
  CHECK(comparison.entries[2].runs.size() == 2);
  REQUIRE(order.size() == 7);
  CHECK(order[2] == 0);  // of 8 probes, a pool and a loop have all in flight at once
  CHECK(std::count(order.begin(), order.end(), size_t{0}) == 1);
}

TEST_CASE("a process is killed if the comparison is stopped") {
  const volatile std::sig_atomic_t stop = 1;
  CHECK(run_process({"sleep", "1000"}, "", stop).stopped);
}
