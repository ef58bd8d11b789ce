#include "compare/chart.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <tuple>

#include "compare/bar_chart.hpp"
#include "compare/heat_map.hpp"
#include "compare/latency_chart.hpp"
#include "compare/point_chart.hpp"
#include "compare/table.hpp"

namespace portloop::compare {
namespace {

using Entries = std::vector<const Entry*>;

double loops_of(const Entry& entry) { return entry.contender.loops; }
double in_flight_of(const Entry& entry) { return std::max(1.0, entry.median(&ModelRun::peak_in_flight)); }

/// The number that varies along a line of the chart.
uint32_t window_or_threads(const Contender& contender) {
  return contender.is_loop() ? contender.in_flight : contender.threads;
}
uint32_t loop_count(const Contender& contender) { return contender.loops; }

/// Groups entries by `name`; those with an empty name are left out. Each series is sorted by `along`.
std::vector<Series> series_by(const Entries& entries, std::string (*name)(const Contender&),
                              uint32_t (*along)(const Contender&)) {
  Entries sorted = entries;
  std::stable_sort(sorted.begin(), sorted.end(), [along](const Entry* a, const Entry* b) {
    const auto key = [along](const Contender& contender) {
      return std::tuple(contender.portable, contender.loops, along(contender));
    };
    return key(a->contender) < key(b->contender);
  });
  std::vector<Series> all;
  for (const Entry* entry : sorted) {
    const std::string named = name(entry->contender);
    if (named.empty()) continue;
    const auto same =
        std::find_if(all.begin(), all.end(), [&named](const Series& series) { return series.name == named; });
    if (same != all.end())
      same->entries.push_back(entry);
    else
      all.push_back({named, {entry}});
  }
  return all;
}

/// One series for each number in flight that at least two loop counts were run with.
std::vector<Series> series_by_window(const Entries& entries) {
  std::vector<Series> all = series_by(
      entries,
      [](const Contender& contender) {
        return contender.is_loop() && !contender.portable ? "up to " + count_text(contender.in_flight) + " in flight"
                                                          : std::string();
      },
      loop_count);
  std::erase_if(all, [](const Series& series) { return series.entries.size() < 2; });
  std::sort(all.begin(), all.end(), [](const Series& a, const Series& b) {
    return a.entries.front()->contender.in_flight < b.entries.front()->contender.in_flight;
  });
  return all;
}

/// One series for each model with all its numbers in flight; thread pools of all sizes are one series.
std::vector<Series> series_by_model(const Entries& entries) {
  std::vector<Series> all = series_by(
      entries,
      [](const Contender& contender) {
        Contender plain = contender;
        plain.shows_in_flight = false;
        return contender.kind == ModelKind::thread_pool ? std::string("thread-pool") : plain.name();
      },
      window_or_threads);
  for (Series& series : all) {
    if (series.entries.size() == 1) series.name = series.entries.front()->contender.name();
  }
  return all;
}

constexpr const char* intervals = "mean, its 95 % interval, each run";

double switches_a_probe(const RunRecord& run) {
  const auto switches = static_cast<double>(run.switches_voluntary + run.switches_involuntary);
  return run.states.empty() ? 0 : switches / static_cast<double>(run.states.size());
}

/// Two significant digits.
std::string rate_text(double number) {
  char text[32];
  std::snprintf(text, sizeof text, number < 0.1 ? "%.3f" : number < 10 ? "%.2f" : "%.0f", number);
  return number <= 0 ? "0" : text;
}

}  // namespace

std::vector<Chart> charts_of(const Comparison& comparison) {
  Entries entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return entry->runs.empty(); });
  std::vector<Chart> charts;
  if (entries.empty()) return charts;
  std::set<double> windows;
  for (const Entry* entry : entries) windows.insert(in_flight_of(*entry));
  const uint64_t probes = comparison.setup.probes;
  charts.push_back(bar_chart(
      entries, {"Wall time", intervals, [](const RunRecord& run) { return static_cast<double>(run.wall_us) * 1e-6; },
                duration_text}));
  charts.push_back(bar_chart(
      entries,
      {"Processor time", intervals,
       [](const RunRecord& run) { return static_cast<double>(run.user_us + run.system_us) * 1e-6; }, duration_text}));
  const auto add = [&charts](const Chart& chart) {
    if (!chart.svg.empty()) charts.push_back(chart);
  };
  add(heat_map(entries, probes));
  if (const std::vector<Series> series = series_by_window(entries); !series.empty()) {
    charts.push_back(point_chart(series, {"Speed against loops", "loop threads", loops_of, false}));
  }
  if (windows.size() > 1) {
    charts.push_back(point_chart(series_by_model(entries), {"Throughput against connects in flight",
                                                            "maximum connects in flight", in_flight_of, true}));
  }
  add(latency_chart(entries));
  charts.push_back(bar_chart(entries, {"Context switches of a probe", intervals, switches_a_probe, rate_text}));
  charts.push_back(bar_chart(entries, {"Maximum resident memory", intervals,
                                       [](const RunRecord& run) { return static_cast<double>(run.memory_kib) / 1024; },
                                       [](double mib) { return memory_text(mib * 1024); }}));
  charts.push_back(bar_chart(
      entries, {"Maximum number of threads", intervals,
                [](const RunRecord& run) { return static_cast<double>(run.model.peak_threads); }, count_text}));
  return charts;
}

}  // namespace portloop::compare
