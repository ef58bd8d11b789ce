// The table, the sentences and the exports: they fit, and claim only what the numbers support.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "compare/chart.hpp"
#include "compare/exports.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"
#include "support/made_comparison.hpp"

using namespace portloop;
using namespace portloop::compare;
using portloop::testing::entry_of;
using portloop::testing::made_comparison;

namespace {

Comparison evaluated(Comparison comparison = made_comparison()) {
  evaluate(comparison);
  return comparison;
}

size_t columns(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, columns(line));
  return widest;
}

std::string all_sentences(const Comparison& comparison) {
  std::string text;
  for (const std::string& sentence : sentences(comparison)) text += sentence + '\n';
  return text;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

size_t count_of(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("numbers are written with three digits and the unit that fits") {
  CHECK(duration_text(0.0000123) == "12.3 µs");
  CHECK(duration_text(0.0999) == "99.9 ms");
  CHECK(duration_text(0.9999) == "1.00 s");
  CHECK(duration_text(2.614) == "2.61 s");
  CHECK(duration_text(4500) == "75.0 min");
  CHECK(count_text(1234567) == "1,234,567");
  CHECK(memory_text(5000) == "4.88 MiB");
  CHECK(memory_text(3 * 1024 * 1024) == "3.00 GiB");
  CHECK(spread_text(summarise({1, 1, 4})) == "2.00 ± 1.73 s");
  CHECK(spread_text(summarise({2})) == "2.00 s");
  CHECK(spread_text(summarise({41.8, 41.95})) == "41.9 ± 0.1 s");
  CHECK(ratio_text({1.333, 1.298, 1.362, 5}) == "1.33x [1.30-1.36]");
  CHECK(ratio_text({61.23, 57.9, 64.75, 5}) == "61.2x [57.9-64.8]");
  CHECK(ratio_text({494, 420.4, 580, 5}) == "494x [420-580]");
  CHECK(ratio_text({2, 1e-9, 4e9, 2}) == "2.00x [0.00-4e+09]");
  CHECK(ratio_text({61.23, 61.23, 61.23, 1}) == "61.2");
}

TEST_CASE("the table fits 100 columns, whatever the numbers") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("thread-per-connection", "oocccsss", {0.0001}));
  comparison.entries.push_back(entry_of("loops:1024", "ocoocuuu", {123456, 0.5}));
  comparison.entries.back().contender.in_flight = 1'000'000;
  comparison.entries.back().contender.shows_in_flight = true;
  for (RunRecord& run : comparison.entries.back().runs) {
    for (const RecordField& field : record_fields()) {
      if (field.name != "wall_us") field.in(run) = 98'765'432;
    }
  }
  comparison.entries.push_back(entry_of("loops:7", "", {}));
  comparison.entries.back().failure = "killed by signal: Killed";
  comparison = evaluated(comparison);
  CHECK(widest_line(table_text(comparison)) <= table_columns);
  CHECK(widest_line(words_text(comparison)) <= table_columns);
  CHECK(widest_line(heading_text(comparison)) <= table_columns);
  CHECK(has(table_text(comparison), "no run: killed by signal: Killed"));
}

TEST_CASE("the table lists models by rank, the longest time with the longest bar") {
  const std::string table = table_text(evaluated());
  CHECK(table.find(" 1 loop") < table.find(" 2 thread-pool:50"));
  CHECK(table.find(" 2 thread-pool:50") < table.find(" 3 sequential"));
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  size_t before = 0;
  for (int i = 0; i < 3; ++i) {
    std::getline(lines, line);
    const size_t bars = count_of(line, "█");
    CHECK(bars >= before);
    before = bars;
  }
  CHECK(before > 10);
}

TEST_CASE("a model without a rank is marked in the table and in the sentences") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) run.states[0] = ProbeState::closed;
  comparison = evaluated(comparison);
  CHECK(has(table_text(comparison), " - loop"));
  CHECK(has(all_sentences(comparison),
            "loop missed 1 of the 2 open ports in the worst run. It makes significantly more errors than the best "
            "model, so it "
            "has no rank."));
  CHECK(has(all_sentences(comparison), "thread-pool:50 was the fastest of the models with a rank: "));
  CHECK(has(to_json(comparison), "\"rank\":null,\"rank_withheld\":\"more errors\""));
  CHECK(has(to_csv(comparison), "loop,0,1,1000,1,,more errors,1,1,0,0,0,"));
  for (const Chart& chart : charts_of(comparison)) CHECK(has(chart.svg, "loop unranked"));
}

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

TEST_CASE("the lab's late answers are in the sentences and in every export") {
  Comparison comparison = made_comparison();
  comparison.setup.lab_profile = "lan";
  for (Entry& entry : comparison.entries) {
    for (RunRecord& run : entry.runs) run.lab_answers = 1000;
  }
  comparison.entries[0].runs[1].lab_late = 12;
  comparison = evaluated(comparison);
  CHECK(comparison.entries[0].late_share() == doctest::Approx(0.004));
  CHECK(has(all_sentences(comparison), "The lab was late with less than 1 % of its answers to every model."));
  comparison.entries[2].runs[1].lab_late = 900;
  comparison.entries[1].runs[1].lab_late = 60;
  comparison = evaluated(comparison);
  CHECK(has(all_sentences(comparison),
            "The lab was late with 30 % (loop) and 2 % (thread-pool:50) of its answers: it may have limited these "
            "models, and small differences mean little."));
  CHECK(has(to_json(comparison), "\"late_share\":0.3,"));
  CHECK(has(to_json(comparison), "\"lab_late\":[0,900,0]"));
  CHECK(has(to_csv(comparison), ",lab_answers,lab_late,lab_dropped,"));
  CHECK(has(to_markdown(comparison), " 30.0 % |"));
  CHECK(has(to_html(comparison), "<td>30.0 %</td>"));
  CHECK(has(to_json(evaluated()), "\"late_share\":null,"));
  CHECK(has(to_markdown(evaluated()), " - |\n"));
}

TEST_CASE("why a model failed is in the table and in every export with a row for it") {
  Comparison comparison = made_comparison();
  comparison.entries[0].runs.clear();
  comparison.entries[0].failure = "exited with status 1: no descriptors";
  comparison = evaluated(comparison);
  CHECK(has(table_text(comparison), "no run: exited with status 1: no descriptors"));
  for (const auto& write : {to_json, to_markdown, to_html})
    CHECK(has(write(comparison), "exited with status 1: no descriptors"));
}

TEST_CASE("what was misjudged is in the table and in Markdown") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) run.states[2] = run.states[3] = run.states[4] = ProbeState::silent;
  comparison = evaluated(comparison);
  CHECK(has(table_text(comparison), " - loop                      2      0     0     0     3  101 ± 1 ms"));
  CHECK(has(to_markdown(comparison), "| - | `loop` | 2 | 0 | 0 | 0 | 3 | 101 ± 1 ms |"));
  CHECK(has(all_sentences(comparison),
            "loop reported 3 closed ports as filtered, or the other way round in the worst "
            "run. It makes significantly more errors"));
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
    std::istringstream lines(words_text(comparison));
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

TEST_CASE("an interrupted comparison without a run is marked incomplete and has no charts") {
  Comparison comparison = made_comparison();
  for (Entry& entry : comparison.entries) entry.runs.clear();
  comparison.complete = false;
  comparison = evaluated(comparison);
  CHECK(has(heading_text(comparison), "(incomplete)"));
  CHECK(charts_of(comparison).empty());
  for (const ExportFormat& format : export_formats()) CHECK_FALSE(format.write(comparison).empty());
}

TEST_CASE("the csv has a line for each run, and each line every column") {
  const std::string csv = to_csv(evaluated());
  std::istringstream lines(csv);
  std::string header, line;
  std::getline(lines, header);
  size_t runs = 0;
  for (; std::getline(lines, line); ++runs)
    CHECK(std::count(line.begin(), line.end(), ',') == std::count(header.begin(), header.end(), ','));
  CHECK(runs == 9);
}

TEST_CASE("each row of the markdown table has every column") {
  Comparison comparison = made_comparison();
  comparison.entries.push_back(entry_of("loops:7", "", {}));
  std::istringstream lines(to_markdown(evaluated(comparison)));
  size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    ++rows;
    CAPTURE(line);
    CHECK(std::count(line.begin(), line.end(), '|') == 19);
  }
  CHECK(rows == 6);
}

TEST_CASE("what a person typed can't break out of an export") {
  Comparison comparison = made_comparison();
  comparison.setup.targets = "</title><script>alert(1)</script>|`\x1b[31m\"";
  comparison.setup.command_line = comparison.setup.targets;
  comparison = evaluated(comparison);
  CHECK_FALSE(has(to_html(comparison), "<script"));
  for (const ExportFormat& format : export_formats()) CHECK_FALSE(has(format.write(comparison), "\x1b"));
  CHECK(has(to_json(comparison), "\\\""));
  CHECK_FALSE(has(to_markdown(comparison), "|`\\x1b"));
}

TEST_CASE("there are charts only for what was measured") {
  const auto titles = [](const Comparison& comparison) {
    std::string text;
    for (const Chart& chart : charts_of(comparison)) text += chart.title + ';';
    return text;
  };
  Comparison comparison = made_comparison();
  CHECK(titles(evaluated(comparison)) == "Wall time;Throughput against connects in flight;Memory;Threads;");
  comparison.entries.push_back(entry_of("loops:2", "oocccsss", {0.1}));
  CHECK(has(titles(evaluated(comparison)), "Speed against loops;"));
  comparison.entries = {entry_of("sequential", "oocccsss", {1})};
  CHECK(titles(evaluated(comparison)) == "Wall time;Memory;Threads;");
}

TEST_CASE("a chart of points has a line for each series of a sweep, and a key that names it") {
  Comparison comparison = made_comparison();
  comparison.entries.clear();
  for (const char* model : {"loop", "loops:2", "loops:4", "loop/uv"}) {
    for (const uint32_t window : {10U, 100U}) {
      comparison.entries.push_back(entry_of(model, "oocccsss", {0.1, 0.2}));
      comparison.entries.back().contender.in_flight = window;
      comparison.entries.back().contender.shows_in_flight = true;
      for (RunRecord& run : comparison.entries.back().runs) run.model.peak_in_flight = window;
    }
  }
  comparison.entries.push_back(entry_of("thread-pool:5", "oocccsss", {0.1}));
  const auto chart = [](const Comparison& whole, const char* title) {
    for (const Chart& each : charts_of(whole)) {
      if (each.title == title) return each.svg;
    }
    return std::string();
  };
  std::string svg = chart(evaluated(comparison), "Speed against loops");
  CHECK(count_of(svg, "<polyline") == 2);
  for (const char* name : {">up to 10 in flight<", ">up to 100 in flight<"}) CHECK(has(svg, name));
  CHECK(has(svg, "<title>loops:4 -c 100: 53 probes per second, loop threads 4</title>"));
  svg = chart(evaluated(comparison), "Throughput against connects in flight");
  CHECK(count_of(svg, "<polyline") == 4);
  for (const char* name : {">loop<", ">loops:2<", ">loops:4<", ">loop/uv<", ">thread-pool:5<"}) CHECK(has(svg, name));
  comparison.entries.push_back(entry_of("thread-pool:7", "oocccsss", {0.1}));
  svg = chart(evaluated(comparison), "Throughput against connects in flight");
  CHECK(count_of(svg, "<polyline") == 5);
  CHECK(has(svg, ">thread-pool<"));
}

TEST_CASE("an axis has no more digits than it needs") {
  CHECK(tick_text("1.00 s") == "1 s");
  CHECK(tick_text("2.50 MiB") == "2.5 MiB");
  CHECK(tick_text("10.0 s") == "10 s");
  CHECK(tick_text("500 ms") == "500 ms");
  CHECK(tick_text("0") == "0");
  CHECK(Axis(3, 60, true, 0, 100).ticks() == std::vector<double>{1, 2, 5, 10, 20, 50});
}

TEST_CASE("an axis has round ticks within its ends, and keeps its order") {
  for (const double highest : {0.0003, 0.7, 1.0, 4.0, 23.0, 65'000.0}) {
    CAPTURE(highest);
    const Axis axis(0, highest, false, 10, 110);
    CHECK(axis.at(0) == 10);
    CHECK(axis.at(highest) == doctest::Approx(110));
    CHECK(axis.ticks().size() >= 3);
    CHECK(axis.ticks().size() <= 7);
    CHECK(axis.ticks().back() <= highest * 1.001);
  }
  const Axis decades(3, 4000, true, 0, 100);
  CHECK(decades.ticks() == std::vector<double>{1, 10, 100, 1000});
  CHECK(decades.at(4000) == doctest::Approx(100));
  CHECK(decades.at(30) - decades.at(3) == doctest::Approx(decades.at(300) - decades.at(30)));
}
