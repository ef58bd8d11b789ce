// Swim lanes: which rows are shown, the common axis, and the form for a terminal.
#include <doctest/doctest.h>

#include <sstream>

#include "compare/guest_programs.hpp"
#include "compare/lanes.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

namespace {

/// `threads` connects at once in each of `rounds` rounds that last 10 ms, on threads or slots of their own.
RecordedRun rounds_of(uint16_t threads, uint32_t rounds, bool is_loop, bool new_threads = false) {
  RecordedRun run;
  for (uint32_t round = 0; round < rounds; ++round) {
    for (uint16_t i = 0; i < threads; ++i) {
      RecordedConnect connect;
      connect.start_us = round * 10'000;
      connect.end_us = connect.start_us + 10'000;
      connect.state = i == 0 ? ProbeState::open : ProbeState::closed;
      const auto number = static_cast<uint16_t>(new_threads ? round * threads + i : i);
      (is_loop ? connect.slot : connect.thread) = number;
      run.connects.push_back(connect);
    }
    if (is_loop) run.turns.push_back({round * 10'000, round * 10'000 + 100, 0, threads, 0});
  }
  run.wall_us = rounds * 10'000;
  return run;
}

Comparison recorded_comparison() {
  Comparison comparison = evaluated();
  comparison.entries[0].recorded = rounds_of(1, 1000, false);
  comparison.entries[1].recorded = rounds_of(50, 3, false);
  comparison.entries[2].recorded = rounds_of(150, 1, true);
  return comparison;
}

size_t bars_of(const Lanes& lanes) {
  size_t bars = 0;
  for (const LaneRow& row : lanes.rows) bars += row.bars.size();
  return bars;
}

}  // namespace

TEST_CASE("all threads have a row if there is room, otherwise some of them, and the note says so") {
  Comparison comparison = recorded_comparison();
  Lanes lanes = lanes_of(comparison.entries[1], 50);
  CHECK(lanes.rows.size() == 50);
  CHECK(bars_of(lanes) == 150);
  CHECK(lanes.note.empty());
  CHECK(lanes.rows[9].name == "thread 10");
  lanes = lanes_of(comparison.entries[1], 8);
  CHECK(lanes.rows.size() == 8);
  CHECK(bars_of(lanes) == 24);
  CHECK(lanes.note == "8 of 50 threads are shown.");
  CHECK(lanes_of(comparison.entries[2], 8).note == "8 of 150 slots are shown.");
  CHECK(lanes_of(comparison.entries[2], 8).rows[1].name == "slot 19");
  comparison.entries[2].contender.loops = 2;
  CHECK(lanes_of(comparison.entries[2], 8).rows[1].name == "slot 1.19");
}

TEST_CASE("threads with one connect each share rows") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("thread-per-connection", "oocccsss", {0.5}));
  Entry& entry = comparison.entries.back();
  entry.recorded = rounds_of(5, 20, false, true);
  Lanes lanes = lanes_of(entry, 8);
  CHECK(lanes.note == "The 100 threads share 5 rows.");
  CHECK(lanes.rows.size() == 5);
  CHECK(bars_of(lanes) == 100);
  for (const LaneRow& row : lanes.rows) {
    for (size_t i = 1; i < row.bars.size(); ++i) CHECK(row.bars[i].start_us >= row.bars[i - 1].end_us);
  }
  entry.recorded = rounds_of(20, 20, false, true);
  lanes = lanes_of(entry, 8);
  CHECK(lanes.note == "The 400 threads share 20 rows, of which 8 are shown.");
  CHECK(lanes.rows.size() == 8);
}

TEST_CASE("the connects of a guest have rows, but no threads") {
  Comparison comparison = recorded_comparison();
  comparison.entries[1].contender = parse_guests("python/thread-pool:50")->front().contender;
  CHECK(lanes_title(comparison.entries[1]) == "150 connects, up to 50 at once, in 30.0 ms");
  CHECK(lanes_of(comparison.entries[1], 8).note == "8 of 50 rows are shown.");
  CHECK(lanes_of(comparison.entries[1], 50).rows[9].name == "row 10");
  constexpr const char* explained = "Of programs in other languages only the times are known";
  CHECK(has(lanes_figure(comparison), explained));
  CHECK_FALSE(has(lanes_figure(recorded_comparison()), explained));
  comparison.entries[1].recorded.wall_us = 11'000'000;  // it can't be ended early
  CHECK_FALSE(has(lanes_title(comparison.entries[1]), "recording ended"));
}

TEST_CASE("the axis holds all runs, unless the shortest one would hardly be visible") {
  Comparison comparison = recorded_comparison();  // 10 s, 30 ms and 10 ms
  CHECK(axis_end_us(recorded_entries(comparison)) == 40'000);
  comparison.entries[0].recorded.wall_us = 80'000;
  CHECK(axis_end_us(recorded_entries(comparison)) == 80'000);
  comparison.entries[0].recorded = {};
  CHECK(axis_end_us(recorded_entries(comparison)) == 30'000);
  CHECK(recorded_entries(comparison).size() == 2);
}

TEST_CASE("the title of a model counts its connects and threads") {
  Comparison comparison = recorded_comparison();
  CHECK(lanes_title(comparison.entries[1]) == "150 connects of 50 threads, up to 50 at once, in 30.0 ms");
  comparison.entries[1].recorded.left_out = 7;
  CHECK(has(lanes_title(comparison.entries[1]), "; 7 more were not recorded"));
  CHECK(lanes_title(comparison.entries[0]) ==
        "1,000 connects of 1 thread, up to 1 at once, in 10.0 s, after which recording ended");
  CHECK(lanes_subject(comparison) == "8 probes in one more run of each model, which was not measured.");
  comparison.setup.probes = 5000;
  CHECK(has(lanes_subject(comparison), "the first 4,096 probes in"));
}

TEST_CASE("each column of the curve has the largest number in flight") {
  RecordedRun run = rounds_of(3, 2, false);
  CHECK(in_flight_columns(run, 40'000, 4) == std::vector<uint32_t>{3, 3, 0, 0});
  CHECK(in_flight_columns(run, 10'000, 2) == std::vector<uint32_t>{3, 3});
  run.connects.resize(1);
  CHECK(in_flight_columns(run, 20'000, 4) == std::vector<uint32_t>{1, 1, 0, 0});
  CHECK(in_flight_columns({}, 100, 3) == std::vector<uint32_t>{0, 0, 0});
}

TEST_CASE("the lanes fit a terminal of 60 and of 80 columns, in UTF-8 and in ASCII") {
  const Comparison comparison = recorded_comparison();
  for (const size_t columns : {40, 60, 80}) {
    for (const bool utf8 : {true, false}) {
      CAPTURE(columns);
      CAPTURE(utf8);
      const std::string text = lanes_text(comparison, {columns, utf8, false});
      CHECK(widest_line(text) <= columns);
      CHECK(widest_line(text) >= columns - 8);
      CHECK(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }) != utf8);
      CHECK_FALSE(has(text, "\x1b"));
      for (const char* part : {"sequential: ", "thread-pool:50: ", "loop: ", "thread 1 ", "slot 19 ", "loop 1 ",
                               "in flight", "It goes on beyond the", "40.0 ms"})
        CHECK(has(text, part));
    }
  }
  CHECK(lanes_text(evaluated(), {}).empty());
}

TEST_CASE("a cell has the outcome of most of its time, and the bars of one thread are separated") {
  Comparison comparison = evaluated();
  RecordedRun& run = comparison.entries[0].recorded;
  run = rounds_of(1, 4, false);
  run.connects[1].state = ProbeState::silent;
  run.connects[2].state = ProbeState::closed;
  run.connects[3].end_us = run.connects[3].start_us + 100;  // less than half of a cell
  const std::string text = lanes_text(comparison, {52, false, false});
  CHECK(has(text, "thread 1   OOOOOOOOOO|---------|#########.\n"));
  CHECK(has(text, "in flight  9999999999999999999999999999999\n"));
  CHECK(has(lanes_text(comparison, {52, true, false}), "thread 1   ██████████▏░░░░░░░░░▏▓▓▓▓▓▓▓▓▓·\n"));
  CHECK(has(lanes_text(comparison, {52, true, true}), "\x1b[33m░\x1b[0m"));
}
