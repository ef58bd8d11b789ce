// The charts of the page: which there are, and what they show.
#include <doctest/doctest.h>

#include <cmath>
#include <regex>

#include "compare/chart.hpp"
#include "compare/estimate.hpp"
#include "compare/exports.hpp"
#include "compare/guest_programs.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

namespace {

/// The drawing with this title, or "".
std::string chart(const Comparison& comparison, const char* title) {
  for (const Chart& each : charts_of(comparison)) {
    if (each.title == title) return each.svg;
  }
  return "";
}

/// The middle of each circle of a class.
std::vector<std::pair<double, double>> circles_of(const std::string& svg, const std::string& css) {
  std::vector<std::pair<double, double>> circles;
  const std::regex circle("<circle cx=\"([0-9.]+)\" cy=\"([0-9.]+)\" r=\"[0-9.]+\" class=\"" + css + "\"");
  for (std::sregex_iterator at(svg.begin(), svg.end(), circle), end; at != end; ++at)
    circles.emplace_back(std::stod((*at)[1]), std::stod((*at)[2]));
  return circles;
}

}  // namespace

TEST_CASE("there are charts only for what was measured") {
  const auto titles = [](const Comparison& comparison) {
    std::string text;
    for (const Chart& chart : charts_of(comparison)) text += chart.title + ';';
    return text;
  };
  Comparison comparison = made_comparison();
  CHECK(titles(evaluated(comparison)) ==
        "Wall time;Processor time;Throughput against connects in flight;Context switches of a probe;"
        "Maximum resident memory;Maximum number of threads;");
  comparison.entries.push_back(entry_of("loops:2", "oocccsss", {0.1}));
  CHECK(has(titles(evaluated(comparison)), "Speed against loops;"));
  comparison.entries[0].recorded.connects.resize(1);
  CHECK_FALSE(has(titles(evaluated(comparison)), "Latency"));  // nothing was answered
  comparison.entries[0].recorded.connects[0].state = ProbeState::closed;
  CHECK(has(titles(evaluated(comparison)), ";Latency of connects;"));
  comparison.entries = {entry_of("sequential", "oocccsss", {1})};
  CHECK(titles(evaluated(comparison)) ==
        "Wall time;Processor time;Context switches of a probe;Maximum resident memory;Maximum number of threads;");
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
  std::string svg = chart(evaluated(comparison), "Speed against loops");
  CHECK(count_of(svg, "<polyline") == 2);
  for (const char* name : {">up to 10 in flight<", ">up to 100 in flight<"}) CHECK(has(svg, name));
  CHECK(has(svg, "<title>loops:4 -c 100: 57 probes per second, loop threads 4</title>"));
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

TEST_CASE("the mean of the runs has an interval by Student's t on logarithms") {
  const Estimate one = estimate({3});
  CHECK(one.mean == doctest::Approx(3));
  CHECK_FALSE(one.has_interval());
  // The logarithms have mean 1 and a standard error of 1 / sqrt(3): t is 4.303 for two degrees of freedom.
  const Estimate three = estimate({1, std::exp(1.0), std::exp(2.0)});
  CHECK(three.mean == doctest::Approx(std::exp(1.0)));
  CHECK(std::log(three.high) == doctest::Approx(1 + 4.303 / std::sqrt(3.0)).epsilon(0.001));
  CHECK(std::log(three.low) == doctest::Approx(1 - 4.303 / std::sqrt(3.0)).epsilon(0.001));
  const Estimate with_zero = estimate({0, 2, 4});
  CHECK(with_zero.mean == doctest::Approx(2));
  CHECK(with_zero.low == 0);
  CHECK(with_zero.high == doctest::Approx(2 + 4.303 * 2 / std::sqrt(3.0)).epsilon(0.001));
  CHECK(estimate({}).mean == 0);
}

TEST_CASE("a bar chart has a dot for each run, at its value, and an interval") {
  Comparison comparison = made_comparison();
  comparison.entries = {entry_of("loop", "oocccsss", {0.1, 0.2, 0.3}), entry_of("sequential", "oocccsss", {0.4})};
  const std::string svg = chart(evaluated(comparison), "Wall time");
  const auto dots = circles_of(svg, "run");
  REQUIRE(dots.size() == 4);
  CHECK(dots[1].first - dots[0].first == doctest::Approx(dots[2].first - dots[1].first).epsilon(0.01));
  CHECK(dots[3].first - dots[2].first == doctest::Approx(dots[1].first - dots[0].first).epsilon(0.01));
  CHECK(has(svg, ">182 ms<"));  // the geometric mean of three runs
  CHECK(count_of(svg, "class=\"error\"") >= 2);
  comparison.entries.resize(1);
  comparison.entries[0].runs.resize(1);
  CHECK(count_of(chart(evaluated(comparison), "Wall time"), "class=\"error\"") == 0);
}

TEST_CASE("processor time and context switches are those of the runs, and of a probe") {
  Comparison comparison = made_comparison();
  for (RunRecord& run : comparison.entries[2].runs) {
    run.user_us = 20'000;
    run.system_us = 30'000;
    run.switches_voluntary = 10;
    run.switches_involuntary = 2;
  }
  comparison = evaluated(comparison);
  CHECK(has(chart(comparison, "Processor time"), "loop 50.0 ms"));
  CHECK(has(chart(comparison, "Processor time"), "sequential 10.0 ms"));
  CHECK(has(chart(comparison, "Context switches of a probe"), "loop 1.50"));
  CHECK(has(chart(comparison, "Context switches of a probe"), "sequential 0"));
}

TEST_CASE("every combination of --cross has a cell, and the fastest is framed") {
  Comparison comparison = made_comparison();
  comparison.entries.clear();
  for (const char* model : {"loop", "loops:2"}) {
    for (const uint32_t window : {10U, 100U}) {
      comparison.entries.push_back(entry_of(model, "oocccsss", {model[4] == 's' && window == 10 ? 0.01 : 0.1}));
      comparison.entries.back().contender.in_flight = window;
      comparison.entries.back().contender.shows_in_flight = true;
    }
  }
  const std::string svg = chart(evaluated(comparison), "Loops and connects in flight");
  CHECK(count_of(svg, "<rect") == 4);
  CHECK(count_of(svg, "cell best") == 1);
  CHECK(has(svg, "2 loops, 10 in flight 800; "));
  CHECK(count_of(svg, ">80<") == 3);
  comparison.entries.pop_back();  // one combination was not run
  CHECK(chart(evaluated(comparison), "Loops and connects in flight").empty());
}

TEST_CASE("the curve of latencies rises from the fastest answer to the slowest, silence left out") {
  Comparison comparison = made_comparison();
  for (const uint32_t latency_us : {1'000U, 10'000U, 100'000U}) {
    RecordedConnect connect;
    connect.end_us = latency_us;
    connect.state = latency_us == 100'000 ? ProbeState::silent : ProbeState::open;
    comparison.entries[2].recorded.connects.push_back(connect);
  }
  const std::string svg = chart(evaluated(comparison), "Latency of connects");
  CHECK(has(svg, "loop 10.0 ms"));
  CHECK(has(svg, "class=\"curve loop\" d=\"M54.0 226.0H54.0V126.0H392.0V26.0H392.0\""));
  CHECK_FALSE(has(svg, "sequential"));
}

TEST_CASE("loops, blocking models and other languages have a colour each, and the key names them") {
  Comparison comparison = made_comparison();
  CHECK_FALSE(has(to_html(evaluated(comparison)), "other languages"));
  for (const char* name : {"node", "python/sequential"}) {
    Entry entry = entry_of("sequential", "oocccsss", {6.0, 6.1, 6.2});
    entry.contender = parse_guests(name)->front().contender;
    comparison.entries.push_back(entry);
  }
  comparison = evaluated(comparison);
  CHECK(has(to_html(comparison), "other languages"));
  CHECK(css_of(comparison.entries[0]) == "blocking");
  CHECK(css_of(comparison.entries[2]) == "loop");
  CHECK(css_of(comparison.entries[3]) == "guest");
  comparison.entries[4].rank.reset();
  CHECK(css_of(comparison.entries[4]) == "guest unranked");
  const std::string svg = chart(comparison, "Throughput against connects in flight");
  CHECK(circles_of(svg, "fill (loop|blocking|guest)").size() == 6);  // each colour begins with the same shape
}

TEST_CASE("labels of ticks that would touch are left out") {
  const Axis decades(1, 1e9, true, 0, 120);
  const std::string labels = tick_labels(
      decades, [](double value) { return count_text(value); }, 10);
  CHECK(decades.ticks().size() == 10);
  CHECK(count_of(labels, "<text") >= 2);
  CHECK(count_of(labels, "<text") <= 5);
}
