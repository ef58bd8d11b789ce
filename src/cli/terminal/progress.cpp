#include "cli/terminal/progress.hpp"

#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "cli/terminal/colour.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

std::string duration_text(double seconds) {
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

}  // namespace

ProgressStyle progress_style(ProgressChoice choice) {
  if (choice == ProgressChoice::never) return ProgressStyle::none;
  if (isatty(STDERR_FILENO) == 1 && !terminal_is_dumb()) return ProgressStyle::redrawn;
  return choice == ProgressChoice::always ? ProgressStyle::log : ProgressStyle::none;
}

uint64_t results_of(const portloop_stats& stats) { return stats.open + stats.closed + stats.filtered + stats.unknown; }

uint64_t per_second(uint64_t count, double elapsed_s) {
  return static_cast<uint64_t>(std::llround(static_cast<double>(count) / std::max(elapsed_s, 1e-6)));
}

namespace {

uint64_t settled_of(const portloop_stats& stats) { return results_of(stats) + stats.not_probed; }

/// Probes without a result.
struct Unsettled {
  uint64_t silent = 0;    // probed at least once
  uint64_t fresh = 0;     // not probed yet
  uint64_t repeated = 0;  // connects that probed a silent port again
  uint64_t all() const { return silent + fresh; }
};

Unsettled unsettled_of(const portloop_stats& stats) {
  const uint64_t settled = settled_of(stats);
  const uint64_t all = stats.probes - std::min(stats.probes, settled);
  const uint64_t answered = settled - std::min(settled, stats.not_probed + stats.skipped);
  const uint64_t without_answer = stats.connects - std::min(stats.connects, answered);
  const uint64_t silent = std::min(without_answer, all);
  return {silent, all - silent, without_answer - silent};
}

}  // namespace

void ProgressLine::observe(const portloop_stats& stats, double elapsed_s) {
  constexpr double window_s = 2;
  if (stats.connects < observed_.connects || elapsed_s < observed_s_) {  // a new scan
    observed_ = {};
    observed_s_ = connects_per_s_ = settled_per_s_ = predicted_end_s_ = predicted_since_s_ = 0;
  }
  const double passed_s = elapsed_s - observed_s_;
  if (passed_s <= 0) return;
  const double weight = std::min(1.0, passed_s / std::min(elapsed_s, window_s));
  connects_per_s_ += weight * (static_cast<double>(stats.connects - observed_.connects) / passed_s - connects_per_s_);
  const double newly_settled = static_cast<double>(settled_of(stats)) - static_cast<double>(settled_of(observed_));
  settled_per_s_ += weight * (newly_settled / passed_s - settled_per_s_);
  observed_ = stats;
  observed_s_ = elapsed_s;
}

void ProgressLine::predict(const portloop_stats& stats) {
  const double left_s = connects_per_s_ > 0 ? seconds_left(stats) : 0;
  const double end_s = observed_s_ + left_s;
  const double tolerance_s = std::max(1.0, left_s / 5);
  if (connects_per_s_ > 0 && std::abs(end_s - predicted_end_s_) <= tolerance_s) return;
  predicted_end_s_ = end_s;
  predicted_since_s_ = observed_s_;
}

double ProgressLine::seconds_left(const portloop_stats& stats) const {
  const Unsettled left = unsettled_of(stats);
  if (left.all() == 0) return 0;
  const auto all = static_cast<double>(left.all());
  if (left.fresh > 0) {
    // Each silent port will be probed once more. The share of silent ports will be the same among the fresh ones.
    const double silent_share = static_cast<double>(left.silent) / static_cast<double>(stats.connects);
    return (all + silent_share * static_cast<double>(left.fresh)) / connects_per_s_;
  }
  // Every port has been probed. Either results still come in, or the silent ports are being probed again in passes.
  constexpr double min_share_of_results = 0.05;
  if (settled_per_s_ > min_share_of_results * connects_per_s_) return all / settled_per_s_;
  return static_cast<double>(left.all() - left.repeated % left.all()) / connects_per_s_;
}

std::string ProgressLine::status_text(const portloop_stats& stats) const {
  const uint64_t settled = settled_of(stats);
  const double share = stats.probes == 0 ? 1 : static_cast<double>(settled) / static_cast<double>(stats.probes);
  std::string text =
      grouped(settled) + '/' + grouped(stats.probes) + " (" + std::to_string(static_cast<int>(share * 100)) + "%), " +
      grouped(static_cast<uint64_t>(std::llround(connects_per_s_))) + " connects/s, " + grouped(stats.open) + " open";
  constexpr double min_steady_s = 2;
  const bool steady = predicted_end_s_ > 0 && observed_s_ - predicted_since_s_ >= min_steady_s;
  if (steady && connects_per_s_ > 0 && settled < stats.probes) {
    const double left_s = seconds_left(stats);
    if (left_s >= 1) text += ", " + duration_text(left_s) + " left";
  }
  return text;
}

void ProgressLine::draw(const portloop_stats& stats, const char* phase) {
  if (style_ == ProgressStyle::none) return;
  if (style_ == ProgressStyle::log) {
    constexpr uint64_t log_interval_ns = 10'000'000'000;
    const uint64_t now_ns = uv_hrtime();
    if (logged_ns_ != 0 && now_ns - logged_ns_ < log_interval_ns) return;
    logged_ns_ = now_ns;
    return report(phase + status_text(stats));
  }
  // The last column stays free: a full line would wrap and could not be cleared.
  const std::string text = (phase + status_text(stats)).substr(0, terminal_columns(STDERR_FILENO) - 1);
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
  on_screen_ = true;
}

void ProgressLine::clear() {
  if (!on_screen_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  on_screen_ = false;
}

void ProgressLine::report(const std::string& text) {
  clear();
  std::fprintf(stderr, "portloop: %s\n", text.c_str());
}

}  // namespace portloop
