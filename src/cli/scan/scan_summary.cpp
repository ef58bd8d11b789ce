#include "cli/scan/scan_summary.hpp"

#include <cstdio>

#include "cli/terminal/progress.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

std::string counted(uint64_t count, const char* one, const char* several) {
  return grouped(count) + ' ' + (count == 1 ? one : several);
}

/// "4,120": three digits are as exact as such a rate is.
std::string rate_text(uint64_t count, double elapsed_s) {
  uint64_t rate = per_second(count, elapsed_s), unit = 1;
  while (rate / unit >= 1000) unit *= 10;
  return grouped((rate + unit / 2) / unit * unit);
}

std::string unknown_text(uint64_t unknown, const std::map<std::string, uint64_t>& reasons) {
  std::string text = grouped(unknown) + " unknown";
  for (const auto& [reason, count] : reasons)
    text +=
        (reason == reasons.begin()->first ? " (" : ", ") + reason + (reasons.size() > 1 ? ' ' + grouped(count) : "");
  return reasons.empty() ? text : text + ')';
}

std::string targets_text(uint64_t targets) { return counted(targets, "target", "targets"); }

}  // namespace

std::string summary_text(const ScanSummary& summary) {
  const portloop_stats& stats = summary.stats;
  const uint64_t results = results_of(stats);
  std::string text = targets_text(summary.targets);
  if (summary.silent_addresses)
    text += " (" + grouped(*summary.silent_addresses) + " of them did not answer discovery)";
  if (summary.absent_hosts > 0) text += " (" + counted(summary.absent_hosts, "has", "have") + " no host)";
  text += ", " + counted(summary.ports, "port", "ports") + ": " + grouped(stats.open) + " open, " +
          grouped(stats.closed) + " closed, " + grouped(stats.filtered) + " filtered, " +
          unknown_text(stats.unknown, summary.unknown);
  if (stats.not_probed > 0) {
    text += ", " + grouped(stats.not_probed) + " not probed (" +
            counted(summary.stopped_hosts, "host has ", "hosts have ") + grouped(summary.stop_after) + " open)";
  }
  if (results + stats.not_probed < stats.probes)
    text += ", " + grouped(stats.probes - results - stats.not_probed) + " without a result";
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", summary.elapsed_s);
  text += std::string(" in ") + seconds + " s";
  // Connects are what goes out, and what --rate limits. The rate of a few milliseconds means nothing.
  constexpr double min_measured_s = 0.1;
  if (summary.this_run_s >= min_measured_s)
    text += " (" + rate_text(summary.connects, summary.this_run_s) + " connects/s)";
  if (summary.seed) text += ", seed " + std::to_string(*summary.seed);
  if (summary.shard.count > 1)
    text += ", shard " + std::to_string(summary.shard.number) + '/' + std::to_string(summary.shard.count);
  return text;
}

std::string discovery_summary_text(uint64_t targets, uint64_t answered) {
  return targets_text(targets) + ": discovery ended early, after " + grouped(answered) + " had answered";
}

}  // namespace portloop
