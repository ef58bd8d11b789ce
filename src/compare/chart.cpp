#include "compare/chart.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "compare/bar_chart.hpp"
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

}  // namespace

std::vector<Chart> charts_of(const Comparison& comparison) {
  Entries entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return entry->runs.empty(); });
  std::vector<Chart> charts;
  if (entries.empty()) return charts;
  std::set<double> windows;
  for (const Entry* entry : entries) windows.insert(in_flight_of(*entry));
  const auto nothing = [](const Entry&) { return 0.0; };
  charts.push_back(
      bar_chart(entries, {"Wall time", "mean of the runs ± deviation", [](const Entry& e) { return e.wall_s.mean; },
                          [](const Entry& e) { return e.wall_s.deviation; }, duration_text}));
  if (const std::vector<Series> series = series_by_window(entries); !series.empty()) {
    charts.push_back(point_chart(series, {"Speed against loops", "loop threads", loops_of, false}));
  }
  if (windows.size() > 1) {
    charts.push_back(point_chart(series_by_model(entries), {"Throughput against connects in flight",
                                                            "maximum connects in flight", in_flight_of, true}));
  }
  charts.push_back(bar_chart(entries, {"Memory", "maximum resident memory, median",
                                       [](const Entry& e) { return e.median(&RunRecord::memory_kib) / 1024; }, nothing,
                                       [](double mib) { return memory_text(mib * 1024); }}));
  charts.push_back(
      bar_chart(entries, {"Threads", "maximum number of threads, median",
                          [](const Entry& e) { return e.median(&ModelRun::peak_threads); }, nothing, count_text}));
  return charts;
}

}  // namespace portloop::compare
