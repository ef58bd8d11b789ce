#include "cli/scan/scan_summary.hpp"

#include <cstdio>

#include "cli/terminal/progress.hpp"
#include "output/folded_text.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

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

/// "21 of 256 addresses have a host": if it is known of each. A silent one may have a firewall.
std::string targets_text(const ScanSummary& summary) {
  const std::string addresses = counted(summary.targets, "address", "addresses");
  const auto some = [&](uint64_t count) { return grouped(count) + " of " + addresses; };
  const uint64_t answered = summary.answered.value_or(0), absent = summary.absent_hosts;
  if (summary.discovered) return some(*summary.discovered) + " answered discovery";
  if (!summary.answered || summary.targets == 1) return addresses + (absent > 0 ? " (without a host)" : "");
  if (answered + absent == summary.targets) return some(answered) + (answered == 1 ? " has a host" : " have a host");
  return some(answered) + " answered" + (absent > 0 ? " (" + counted(absent, "has", "have") + " no host)" : "");
}

std::string ports_text(const ScanSummary& summary) {
  if (summary.own_ports) return counted(summary.stats.probes, "port", "ports") + (summary.targets > 1 ? " in all" : "");
  return counted(summary.ports, "port", "ports") + (summary.targets > 1 && summary.ports > 1 ? " each" : "");
}

std::string time_text(double seconds) {
  if (seconds >= 59.995) return duration_text(seconds);
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

}  // namespace

std::string summary_text(const ScanSummary& summary) {
  const portloop_stats& stats = summary.stats;
  const uint64_t results = results_of(stats);
  std::string text = targets_text(summary) + ", " + ports_text(summary);
  text += ": " + grouped(stats.open) + " open";
  if (stats.closed > 0) text += ", " + grouped(stats.closed) + " closed";
  if (stats.filtered > 0) text += ", " + grouped(stats.filtered) + " filtered";
  if (stats.unknown > 0) text += ", " + unknown_text(stats.unknown, summary.unknown);
  if (summary.all_open_hosts > 0)
    text += ", " + counted(summary.all_open_hosts, "host accepts everything", "hosts accept everything");
  if (summary.banned_hosts > 0) text += ", " + counted(summary.banned_hosts, "host refuses us", "hosts refuse us");
  if (stats.not_probed > 0) {
    text += ", " + grouped(stats.not_probed) + " not probed";
    if (summary.stop_after > 0) {
      text +=
          " (" + counted(summary.stopped_hosts, "host has ", "hosts have ") + grouped(summary.stop_after) + " open)";
    }
  }
  if (results + stats.not_probed < stats.probes)
    text += ", " + grouped(stats.probes - results - stats.not_probed) + " without a result";
  text += " in " + time_text(summary.elapsed_s);
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
  return counted(targets, "address", "addresses") + ": discovery ended early, after " + grouped(answered) +
         " had answered";
}

}  // namespace portloop
