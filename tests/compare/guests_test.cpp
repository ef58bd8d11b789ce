// The guests' catalogue, what they read and write, and the sentences about them.
#include <doctest/doctest.h>

#include "compare/comparison.hpp"
#include "compare/forecast.hpp"
#include "compare/guest_programs.hpp"
#include "compare/guest_result.hpp"
#include "compare/run_comparison.hpp"
#include "compare/run_process.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

namespace {

const volatile std::sig_atomic_t go_on = 0;

std::string names(std::string_view words) {
  const auto choices = parse_guests(words);
  if (!choices) return choices.error();
  std::string text;
  for (const GuestChoice& choice : *choices)
    text += (text.empty() ? "" : ", ") + choice.contender.name() + (choice.automatic ? "?" : "");
  return text;
}

PortSet three_ports() {
  PortSet ports;
  ports.add({10, 12});
  return ports;
}

struct ThreePorts {
  TargetSet targets{{{*parse_address("127.0.0.1"), *parse_address("127.0.0.1")}}, {}};
  PortSet ports = three_ports();
  ModelScan scan{targets, ports, ProbeOrder(1, ports, Order::random, 5), 250, 2};
};

const std::string measured =
    "wall_us 1000\nuser_us 20\nsystem_us 30\nswitches_voluntary 4\nswitches_involuntary 5\nmemory_kib 600\n"
    "connects 3\nthreads 2\n";

Entry guest_of(std::string_view guest, std::string_view states, std::initializer_list<double> walls_s) {
  Entry entry = entry_of("sequential", states, walls_s);
  entry.contender = parse_guests(guest)->front().contender;
  return entry;
}

/// The guest's pool is slower than its single thread, that of C++ is as fast.
Comparison with_python() {
  Comparison comparison = made_comparison();
  comparison.entries[1] = entry_of("thread-pool:50", "cccccsss", {6.0, 6.1, 6.2});
  for (Entry& entry : comparison.entries) {
    for (RunRecord& run : entry.runs) run.states = run_of("cccccsss", 1).states;
  }
  comparison.entries.push_back(guest_of("python/sequential", "cccccsss", {12.0, 12.2, 12.4}));
  comparison.entries.push_back(guest_of("python/thread-pool:50", "cccccsss", {60.0, 61.0, 62.0}));
  for (RunRecord& run : comparison.entries.back().runs) run.switches_voluntary = 80;
  return comparison;
}

}  // namespace

TEST_CASE("guests are parsed from their names, each only once") {
  CHECK(names("python/thread-pool:7,node,python/thread-pool:7,node") == "python/thread-pool:7, node");
  CHECK(names("python") ==
        "python/sequential, python/thread-per-port, python/thread-pool:50, python/thread-pool:100, python/asyncio");
  CHECK(names("auto") ==
        "python/sequential?, python/thread-per-port?, python/thread-pool:50?, python/thread-pool:100?, "
        "python/asyncio?, python/free-threaded?, node?, go?, rust/tokio?");
  CHECK(names("auto,node") ==
        "python/sequential?, python/thread-per-port?, python/thread-pool:50?, python/thread-pool:100?, "
        "python/asyncio?, python/free-threaded?, node, go?, rust/tokio?");
  CHECK(parse_guests("python/free-threaded")->front().contender.threads == 50);
}

TEST_CASE("an unknown guest is rejected with its name") {
  for (const char* word : {"", "ruby", "python/", "python/thread-pool", "python/thread-pool:0", "python/sequential:2",
                           "python/thread-pool:65537", "node,", "python/free-threaded:9", "go:2", "rust"}) {
    CAPTURE(word);
    CHECK(has(names(word), "is not known: auto, python, python/sequential, python/thread-per-port"));
  }
  CHECK(names("python,ruby").starts_with("guest 'ruby' is not known"));
}

TEST_CASE("a guest reads the timeout, the retries, the number in flight and the probes in their order") {
  const ThreePorts three;
  std::string expected = "250\n2\n77\n3\n";
  for (uint64_t i = 0; i < 3; ++i) expected += "127.0.0.1 " + std::to_string(three.scan.at(i).endpoint.port) + '\n';
  CHECK(guest_request(three.scan, 77) == expected);
}

TEST_CASE("a guest's results belong to the probes that it was handed") {
  const ThreePorts three;
  const auto record = read_guest_result(measured + "open 0 10\nclosed 5 20\nsilent 25 250000\n", three.scan);
  REQUIRE(record);
  CHECK(record->wall_us == 1000);
  CHECK(record->system_us == 30);
  CHECK(record->switches_involuntary == 5);
  CHECK(record->memory_kib == 600);
  CHECK(record->model.connects == 3);
  CHECK(record->model.peak_threads == 2);
  CHECK(record->states[three.scan.at(0).number] == ProbeState::open);
  CHECK(record->states[three.scan.at(1).number] == ProbeState::closed);
  CHECK(record->states[three.scan.at(2).number] == ProbeState::silent);
  CHECK(record->p50_us == 10);  // of 10 and 20: a silent port has no latency
  CHECK(record->p99_us == 20);
  CHECK(record->model.peak_in_flight == 2);  // the third began when the second had ended
}

TEST_CASE("a guest's connects are in the first row that is free when they start") {
  ThreePorts three;
  const auto run = read_guest_recording(measured + "open 50 10\nclosed 5 20\nsilent 25 250000\n", three.scan);
  REQUIRE(run);
  CHECK(run->wall_us == 1000);
  REQUIRE(run->connects.size() == 3);
  const auto is = [&](size_t i, uint32_t start_us, uint32_t end_us, uint64_t place, ProbeState state, uint16_t row) {
    const RecordedConnect& c = run->connects[i];
    CHECK(c.start_us == start_us);
    CHECK(c.end_us == end_us);
    CHECK(c.probe == three.scan.at(place).number);
    CHECK(c.state == state);
    CHECK(c.thread == row);
  };
  is(0, 5, 25, 1, ProbeState::closed, 0);
  is(1, 25, 250'025, 2, ProbeState::silent, 0);
  is(2, 50, 60, 0, ProbeState::open, 1);
  CHECK(peak_in_flight(*run) == 2);
  CHECK(read_guest_recording(measured + "open 0 10\n", three.scan).error() ==
        "its output is not a result: it ends after 9 lines, before the last result");
  three.scan.max_probes = 1;
  CHECK(guest_request(three.scan, 5).starts_with("250\n2\n5\n1\n127.0.0.1 "));
  CHECK(read_guest_recording(measured + "open 0 10\n", three.scan)->connects.size() == 1);
}

TEST_CASE("what is no result of a guest is rejected with its line") {
  const ThreePorts three;
  const auto error = [&three](const std::string& text) {
    const auto record = read_guest_result(text, three.scan);
    return record ? std::string("accepted") : record.error();
  };
  const std::string whole = measured + "open 0 10\nclosed 5 20\nunknown 9 0\n";
  CHECK(error(whole) == "accepted");
  for (size_t length = 0; length + 3 < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(error(whole.substr(0, length)).starts_with("its output is not a result: "));
  }
  CHECK(error("") == "its output is not a result: it ends after 0 lines, before 'wall_us NUMBER'");
  CHECK(error("hello\n\x1b[31m") == "its output is not a result: line 1 is 'hello', not 'wall_us NUMBER'");
  CHECK(error(measured + "opened 0 10\n") ==
        "its output is not a result: line 9 is 'opened 0 10', not 'STATE STARTED_US TOOK_US'");
  CHECK(error(measured + "open -1 10\n").starts_with("its output is not a result: line 9"));
  CHECK(error(measured + "open 0 10 5\n").starts_with("its output is not a result: line 9"));
  CHECK(error(whole + "open 9 9\n") == "its output is not a result: line 12 is 'open 9 9', not the end");
}

TEST_CASE("a guest that hangs is killed after a multiple of its forecast") {
  Comparison comparison = made_comparison();
  comparison.setup.probes = 1000;
  comparison.setup.timeout_ms = 500;
  const Contender guest = parse_guests("python/thread-pool:10")->front().contender;
  Forecast forecast(comparison.setup, 1, 0.001);
  CHECK(forecast.limit_s(guest) == doctest::Approx(60 + 10 * 1000 * 0.5 / 10 + 2));  // every port may be silent
  RunRecord record = run_of("", 3.0);
  record.p50_us = 1000;
  record.states.assign(1000, ProbeState::closed);
  forecast.add(0, record);
  CHECK(forecast.limit_s(guest) == doctest::Approx(60 + 10 * 1000 * 0.001 / 10 + 2));
}

TEST_CASE("a port is silent for the forecast only if it is silent for every model") {
  Comparison comparison = made_comparison();
  comparison.setup.probes = 1000;
  Forecast forecast(comparison.setup, 2, 0.001);
  RunRecord record = run_of("", 3.0);
  record.p50_us = 1000;
  record.states.assign(1000, ProbeState::closed);
  forecast.add(0, record);
  record.states.assign(1000, ProbeState::silent);  // too slow to see an answer
  forecast.add(0, record);
  CHECK(forecast.run_s(1, comparison.entries[0].contender) == doctest::Approx(1.0));
}

TEST_CASE("a process that takes too long is killed, with what it has started") {
  const ProcessOutcome slow = run_process({"sleep", "1000"}, "", go_on, 0.05);
  CHECK(slow.error == "killed: it had not ended after 0 s");
  CHECK_FALSE(slow.stopped);
  // With its outputs closed it is not waited for either.
  CHECK(has(run_process({"sh", "-c", "exec >&- 2>&-; exec sleep 1000"}, "", go_on, 0.05).error, "killed: "));
  // A process that it leaves behind keeps its outputs open, and is in its group.
  CHECK(run_process({"sh", "-c", "sleep 1000 & exit 3"}, "", go_on).error == "exited with status 3");
}

TEST_CASE("a guest whose output is garbage could not run; the others do") {
  Comparison comparison = with_python();
  comparison.setup.warmup = 0;
  comparison.setup.runs = 2;
  for (Entry& entry : comparison.entries) entry.runs.clear();
  RunCommand command;
  static const std::string nothing;
  command.words = [](const Contender&, uint32_t) -> std::vector<std::string> {
    return {"echo", "Segmentation fault?"};
  };
  command.input = [](const Contender&) -> const std::string& { return nothing; };
  command.read = [](const Contender& contender, std::string_view output) -> Parsed<RunRecord> {
    const ThreePorts three;
    if (contender.guest != nullptr) return read_guest_result(output, three.scan);
    return run_of("cccccsss", 1);
  };
  run_comparison(
      comparison, 0.001, command, [](size_t, uint32_t, const Forecast&) {}, go_on);
  CHECK(comparison.entries[0].runs.size() == 2);
  CHECK(comparison.entries[3].failure ==
        "its output is not a result: line 1 is 'Segmentation fault?', not 'wall_us NUMBER'");
}

TEST_CASE("the lock is named if a pool in Python is slower than its single thread, and that in C++ is not") {
  Comparison comparison = with_python();
  CHECK(has(all_sentences(evaluated(comparison)),
            "Threads cost python/thread-pool:50 time, and thread-pool:50 none: it took 5.00x [5.00-5.00] as long as "
            "python/sequential, with 10.00 context switches a probe instead of 0.00; thread-pool:50 took 1.00x "
            "[1.00-1.00] as long as sequential, with 0.00. Only the thread that has the interpreter's lock runs "
            "Python."));
  Comparison pool_of_one = comparison;  // without the lock's share, a pool in Python is slow as well
  pool_of_one.entries.push_back(guest_of("python/thread-pool:1", "cccccsss", {30.0, 30.5, 31.0}));
  CHECK(has(all_sentences(evaluated(pool_of_one)), "it took 2.00x [2.00-2.00] as long as python/thread-pool:1, with"));
  pool_of_one.entries.back() = guest_of("python/thread-pool:1", "cccccsss", {60.0, 61.0, 62.0});
  CHECK_FALSE(has(all_sentences(evaluated(pool_of_one)), "lock"));
  Comparison as_fast = comparison;
  as_fast.entries[4] = guest_of("python/thread-pool:50", "cccccsss", {12.0, 12.2, 12.4});
  CHECK_FALSE(has(all_sentences(evaluated(as_fast)), "lock"));
  Comparison both_slower = comparison;
  both_slower.entries[1] = entry_of("thread-pool:50", "cccccsss", {16.0, 16.1, 16.2});
  CHECK_FALSE(has(all_sentences(evaluated(both_slower)), "lock"));
  Comparison without_lock = comparison;
  without_lock.entries[4].contender = parse_guests("python/free-threaded")->front().contender;
  CHECK_FALSE(has(all_sentences(evaluated(without_lock)), "lock"));
  Comparison few_switches = comparison;
  for (RunRecord& run : few_switches.entries[4].runs) run.switches_voluntary = 0;
  CHECK_FALSE(has(all_sentences(evaluated(few_switches)), "lock"));
}

TEST_CASE("the same way in an interpreter is compared with that in C++ if it is slower") {
  Comparison comparison = with_python();
  CHECK(has(all_sentences(evaluated(comparison)),
            "The same way, in an interpreter: python/sequential took 2.00x [2.00-2.00] as long as sequential and "
            "python/thread-pool:50 10.0x [10.0-10.0] thread-pool:50."));
  comparison.entries[3] = guest_of("python/sequential", "cccccsss", {6.0, 6.1, 6.2});
  comparison.entries[4] = guest_of("python/thread-pool:7", "cccccsss", {60, 61, 62});
  CHECK_FALSE(has(all_sentences(evaluated(comparison)), "The same way"));
}

TEST_CASE("why guests see open ports that are not there is explained only for this machine's own addresses") {
  Comparison comparison = with_python();
  for (RunRecord& run : comparison.entries[3].runs) run.states[2] = ProbeState::open;
  CHECK_FALSE(has(all_sentences(evaluated(comparison)), "connects to itself"));
  comparison.setup.only_loopback = true;
  const std::string text = all_sentences(evaluated(comparison));
  CHECK(has(text, "python/sequential reported 1 port as open that is not in the worst run, so it has no rank."));
  CHECK(has(text,
            "the socket connects to itself, and the port looks open. The models here check for that, "
            "python/sequential does not."));
  Comparison own_wrong = comparison;
  for (RunRecord& run : own_wrong.entries[0].runs) run.states[3] = ProbeState::open;
  CHECK_FALSE(has(all_sentences(evaluated(own_wrong)), "connects to itself"));
  for (RunRecord& run : comparison.entries[3].runs) run.states[2] = ProbeState::closed;
  CHECK_FALSE(has(all_sentences(evaluated(comparison)), "connects to itself"));
}

TEST_CASE("the tables have room for the longest name of a guest") {
  Comparison comparison = with_python();
  comparison.entries.push_back(guest_of("python/thread-pool:65536", "ccccssss", {123456, 0.5, 7}));
  for (RunRecord& run : comparison.entries.back().runs) {
    for (const RecordField& field : record_fields()) {
      if (field.name != "wall_us") field.in(run) = 98'765'432;
    }
  }
  const std::string table = table_text(evaluated(comparison));
  CHECK(widest_line(table) <= table_columns);
  CHECK(has(table, " python/thread-pool:65536 "));
}
