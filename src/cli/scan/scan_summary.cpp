#include "cli/scan/scan_summary.hpp"

#include <cstdio>

#include "cli/terminal/progress.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

std::string counted(uint64_t count, const char* one, const char* several) {
  return grouped(count) + ' ' + (count == 1 ? one : several);
}

std::string targets_text(uint64_t targets) { return counted(targets, "target", "targets"); }

}  // namespace

std::string summary_text(const ScanSummary& summary) {
  const portloop_stats& stats = summary.stats;
  const uint64_t results = results_of(stats);
  std::string text = targets_text(summary.targets);
  if (summary.silent_addresses)
    text += " (" + grouped(*summary.silent_addresses) + " of them did not answer discovery)";
  text += ", " + counted(summary.ports, "port", "ports") + ": " + grouped(stats.open) + " open, " +
          grouped(stats.closed) + " closed, " + grouped(stats.filtered) + " filtered, " + grouped(stats.unknown) +
          " unknown";
  if (stats.not_probed > 0) {
    text += ", " + grouped(stats.not_probed) + " not probed (" +
            counted(summary.stopped_hosts, "host has ", "hosts have ") + grouped(summary.stop_after) + " open)";
  }
  if (results + stats.not_probed < stats.probes)
    text += ", " + grouped(stats.probes - results - stats.not_probed) + " without a result";
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", summary.elapsed_s);
  // A probe has one result, however many connects it takes. Connects are what goes out, and what --rate limits.
  text += std::string(" in ") + seconds + " s (" + grouped(per_second(results, summary.elapsed_s)) + " probes/s, " +
          grouped(per_second(summary.connects, summary.this_run_s)) + " connects/s), seed " +
          std::to_string(summary.seed);
  if (summary.shard.count > 1)
    text += ", shard " + std::to_string(summary.shard.number) + '/' + std::to_string(summary.shard.count);
  return text;
}

std::string discovery_summary_text(uint64_t targets, uint64_t answered) {
  return targets_text(targets) + ": discovery ended early, after " + grouped(answered) + " had answered";
}

}  // namespace portloop
