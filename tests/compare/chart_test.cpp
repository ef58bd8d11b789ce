// The charts of the page: which there are, and what they show.
#include <doctest/doctest.h>

#include "compare/chart.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"
#include "support/made_comparison.hpp"
#include "support/report_text.hpp"

using namespace portloop;
using namespace portloop::compare;
using namespace portloop::testing;

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
