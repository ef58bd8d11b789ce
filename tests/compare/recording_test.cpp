// Recorded runs: what the models record, its text form, and the curve of connects in flight.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "compare/measured_run.hpp"
#include "compare/recorded_run.hpp"
#include "compare/run_comparison.hpp"
#include "support/made_comparison.hpp"
#include "support/owned_ports.hpp"

using namespace portloop;
using namespace portloop::compare;
using portloop::testing::OwnedPorts;

namespace {

RecordedConnect connect_of(uint32_t start_us, uint32_t end_us, uint32_t probe = 0, uint16_t thread = 0) {
  RecordedConnect connect;
  connect.start_us = start_us;
  connect.end_us = end_us;
  connect.probe = probe & 0xffffff;
  connect.thread = thread;
  connect.state = ProbeState::closed;
  return connect;
}

RecordedRun made_run() {
  RecordedRun run;
  run.wall_us = 70;
  run.left_out = 3;
  run.connects = {connect_of(1, 5, 0xffffff, 65'535), connect_of(2, 60, 7, 1)};
  run.connects[1].state = ProbeState::silent;
  run.connects[1].slot = 12;
  run.turns = {{0, 3, 0, 2, 0}, {4, 61, 1, 0, 65'535}};
  return run;
}

std::vector<uint32_t> counts_of(const RecordedRun& run) {
  std::vector<uint32_t> counts;
  for (const InFlightPoint& point : in_flight_curve(run)) counts.push_back(point.connects);
  return counts;
}

/// No two connects of one thread or slot overlap.
void check_lanes(const RecordedRun& run) {
  std::map<std::pair<uint16_t, uint16_t>, uint32_t> free_from;
  for (const RecordedConnect& connect : run.connects) {
    uint32_t& free = free_from[{connect.thread, connect.slot}];
    CHECK(connect.start_us >= free);
    CHECK(connect.end_us >= connect.start_us);
    free = connect.end_us;
  }
}

}  // namespace

TEST_CASE("each model records each probe once, with its outcome, and never more at once than it may") {
  OwnedPorts owned(AF_INET);
  PortSet ports;
  std::set<uint16_t> open;
  for (int i = 0; i < 40; ++i) {
    const uint16_t port = i % 4 == 0 ? owned.add_open() : owned.add_closed();
    ports.add({port, port});
    if (i % 4 == 0) open.insert(port);
  }
  const TargetSet targets({{*parse_address("127.0.0.1"), *parse_address("127.0.0.1")}}, {});
  const ModelScan scan{targets, ports, ProbeOrder(1, ports, Order::random, 7), 1000};
  const std::map<std::string, uint32_t> caps = {{"sequential", 1},    {"thread-per-connection", 40},
                                                {"thread-pool:3", 3}, {"loop", 5},
                                                {"loops:2", 5},       {"loop/uv", 5}};
  for (const auto& entry : caps) {  // CAPTURE would need a lambda to capture a structured binding
    const std::string& model = entry.first;
    const uint32_t cap = entry.second;
    CAPTURE(model);
    Contender contender = parse_models(model)->front();
    if (contender.is_loop()) contender.in_flight = 5;
    std::string error;
    const RecordedRun run = record_run(scan, contender, 7, Order::random, error);
    CHECK(error.empty());
    // libuv can't choose its source port, so open ports of this machine are asked again from another one.
    const size_t connects = model == "loop/uv" ? 60 : 40;
    REQUIRE(run.connects.size() == connects);
    std::set<uint32_t> probes;
    for (const RecordedConnect& connect : run.connects) {
      probes.insert(connect.probe);
      CHECK(connect.end_us <= run.wall_us);
      CHECK((connect.state == ProbeState::open) == open.contains(ports.at(connect.probe)));
    }
    CHECK(probes.size() == 40);
    check_lanes(run);
    CHECK(peak_in_flight(run) <= cap);
    CHECK(counts_of(run).back() == 0);
    CHECK(run.turns.empty() == !contender.is_loop());
    uint32_t started = 0, ended = 0;
    for (const RecordedTurn& turn : run.turns) {
      started += turn.started;
      ended += turn.ended;
    }
    CHECK(started == (contender.is_loop() ? connects : 0));
    CHECK(ended == started);
    CHECK(decode_recorded(encode(run)) == run);
  }
}

TEST_CASE("a recorded run makes the first probes of the order only, the same for every model") {
  OwnedPorts owned(AF_INET);
  const uint16_t port = owned.add_closed();
  PortSet ports;
  ports.add({port, port});
  const TargetSet targets({{*parse_address("127.1.0.0"), *parse_address("127.1.31.255")}}, {});
  const ModelScan scan{targets, ports, ProbeOrder(8192, ports, Order::random, 3), 1000};
  std::set<uint32_t> expected;
  for (uint64_t i = 0; i < max_recorded_probes; ++i) expected.insert(static_cast<uint32_t>(scan.at(i).number));
  for (const char* model : {"sequential", "thread-pool:4", "loop", "loops:2"}) {
    CAPTURE(model);
    Contender contender = parse_models(model)->front();
    if (contender.is_loop()) contender.in_flight = 100;
    std::string error;
    const RecordedRun run = record_run(scan, contender, 3, Order::random, error);
    std::set<uint32_t> probes;
    for (const RecordedConnect& connect : run.connects) probes.insert(connect.probe);
    CHECK(probes == expected);
  }
}

TEST_CASE("a recording keeps what fits, and counts the rest") {
  Recording recording(2, 1, std::chrono::milliseconds(60'000));
  for (uint32_t i = 0; i < 5; ++i) recording.add(connect_of(9 - i, 10));
  recording.add(RecordedTurn{1, 2, 0, 1, 0});
  recording.add(RecordedTurn{2, 3, 0, 1, 0});
  const RecordedRun run = recorded_run(recording, 99);
  CHECK(run.connects == std::vector<RecordedConnect>{connect_of(8, 10), connect_of(9, 10)});
  CHECK(run.turns.size() == 1);
  CHECK(run.left_out == 3);
  CHECK_FALSE(recording.expired());
  CHECK(Recording(1, 1, std::chrono::milliseconds(-1)).expired());
}

TEST_CASE("the text of a recorded run is read back, and nothing else is") {
  const std::string text = encode(made_run());
  CHECK(decode_recorded(text) == made_run());
  for (size_t length = 0; length < text.size(); ++length) CHECK_FALSE(decode_recorded(text.substr(0, length)));
  CHECK_FALSE(decode_recorded(text + '\n'));
  const auto replaced = [&text](std::string_view part, std::string_view by) {
    std::string other = text;
    REQUIRE(other.find(part) != std::string::npos);
    return other.replace(other.find(part), part.size(), by);
  };
  CHECK_FALSE(decode_recorded(replaced("1 5 16777215", "1 5 16777216")));  // more than 24 bits
  CHECK_FALSE(decode_recorded(replaced("2 60 7 4", "2 60 7 6")));          // no such state
  CHECK_FALSE(decode_recorded(replaced("2 60 7 4", "61 60 7 4")));         // ends before it starts
  CHECK_FALSE(decode_recorded(replaced("65535 0\n", "65536 0\n")));        // a thread of 17 bits
  CHECK_FALSE(decode_recorded(replaced("4 61 1", "62 61 1")));
  CHECK_FALSE(decode_recorded(replaced("connects 2", "connects 3")));
}

TEST_CASE("a run of each model is recorded, except of those that failed or were not measured") {
  Comparison comparison = portloop::testing::made_comparison();
  comparison.entries.push_back(portloop::testing::entry_of("loops:2", "oocccsss", {0.1}));
  comparison.entries[0].failure = "it failed";
  comparison.entries[3].runs.clear();
  RunCommand command;
  command.recorded_input = [](const Entry&) { return std::string(); };
  command.read_recorded = [](const Entry&, std::string_view output) -> Parsed<RecordedRun> {
    const auto run = decode_recorded(output);
    if (!run) return SpecError{"no recording"};
    return *run;
  };
  command.recorded_words = [](const Contender& contender, uint32_t round) -> std::vector<std::string> {
    CHECK(round == 4);  // after a round to warm up and three measured ones
    if (contender.loops == 1) return {"sh", "-c", "echo 'portloop: no luck' >&2; exit 1"};
    return {"printf", "%s", encode(made_run())};
  };
  std::string started, refused;
  const auto record = [&](std::sig_atomic_t stop_now) {
    const volatile std::sig_atomic_t stop = stop_now;
    record_runs(
        comparison, command, [&](const Entry& entry) { started += entry.contender.name() + ';'; },
        [&](const Entry& entry, const std::string& reason) { refused += entry.contender.name() + ": " + reason; },
        stop);
  };
  record(0);
  CHECK(started == "thread-pool:50;loop;");
  CHECK(refused == "loop: exited with status 1: no luck");
  CHECK(comparison.entries[1].recorded == made_run());
  for (const size_t other : {0, 2, 3}) CHECK(comparison.entries[other].recorded.connects.empty());
  CHECK(comparison.complete);
  record(1);
  CHECK_FALSE(comparison.complete);
}

TEST_CASE("a thread that starts a connect when its last one ends never counts twice") {
  RecordedRun run;
  run.connects = {connect_of(0, 10), connect_of(10, 10), connect_of(10, 20), connect_of(10, 30, 0, 1)};
  CHECK(counts_of(run) == std::vector<uint32_t>{1, 0, 1, 0, 1, 2, 1, 0});
  CHECK(counts_of({}).empty());
}
