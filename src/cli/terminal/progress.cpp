#include "cli/terminal/progress.hpp"

#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "cli/terminal/colour.hpp"
#include "cli/terminal/note.hpp"
#include "cli/terminal/terminal_width.hpp"
#include "output/grouped.hpp"

namespace portloop {

std::string duration_text(double seconds) {
  const auto whole = static_cast<uint64_t>(std::llround(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

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
  uint64_t silent = 0;  // probed at least once, or left for later
  uint64_t fresh = 0;   // not probed yet
  uint64_t all() const { return silent + fresh; }
};

Unsettled unsettled_of(const portloop_stats& stats) {
  const uint64_t all = stats.probes - std::min(stats.probes, settled_of(stats));
  const uint64_t fresh = std::min(all, stats.probes - std::min(stats.probes, stats.drawn));
  return {all - fresh, fresh};
}

}  // namespace

ProgressLine::ProgressLine(ProgressStyle style) : style_(style) {
  if (style == ProgressStyle::redrawn) region_.emplace(STDERR_FILENO);
}

void ProgressLine::show_rows(LiveRows rows) {
  rows_ = std::move(rows);
  region_.emplace(STDOUT_FILENO);
}

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
  // Every port has been probed, but answers still come in: a host that is slow, or that answers so many a second.
  constexpr double min_share_of_results = 0.05;
  if (left.fresh == 0 && settled_per_s_ > min_share_of_results * connects_per_s_)
    return static_cast<double>(left.all()) / settled_per_s_;
  const auto fresh = static_cast<double>(left.fresh), silent = static_cast<double>(left.silent);
  const double later_passes = stats.expected_passes - std::min(stats.expected_passes, stats.pass);
  if (left.fresh > 0) {
    // The share of silent ports will be the same among the fresh ones.
    const double silent_share = silent / static_cast<double>(std::max<uint64_t>(1, stats.drawn));
    return (fresh + (silent + silent_share * fresh) * later_passes) / connects_per_s_;
  }
  const double unsent_share = 1 - stats.pass_permille / 1000.0;
  return silent * (unsent_share + later_passes) / connects_per_s_;
}

std::vector<std::string> ProgressLine::status_parts(const portloop_stats& stats) const {
  std::vector<std::string> parts;
  if (!total_known_) {
    parts.push_back(grouped(settled_of(stats)) + " of " + grouped(stats.probes) + " so far");
  } else if (stats.pass > 0) {
    parts.push_back("pass " + std::to_string(stats.pass) + " of about " + std::to_string(stats.expected_passes));
    parts.push_back(std::to_string(stats.pass_permille / 10) + " % sent");
  } else if (stats.drawn == 0) {
    parts.emplace_back("nothing sent yet");
  }
  parts.push_back(grouped(stats.open) + " open");
  if (stats.banners > 0) {
    parts.push_back((stats.pass > 0 ? "reading " : "waiting for ") + grouped(stats.banners) +
                    (stats.banners == 1 ? " banner" : " banners"));
  }
  if (identifying_ > 0)
    parts.push_back("identifying " + grouped(identifying_) + (identifying_ == 1 ? " port" : " ports"));
  constexpr double min_steady_s = 2;
  const bool steady = predicted_end_s_ > 0 && observed_s_ - predicted_since_s_ >= min_steady_s;
  if (steady && total_known_ && connects_per_s_ > 0 && settled_of(stats) < stats.probes) {
    const double left_s = seconds_left(stats);
    if (left_s >= 1) parts.push_back(duration_text(left_s) + " left");
  }
  if (stats.pass > 0) parts.push_back(grouped(static_cast<uint64_t>(std::llround(connects_per_s_))) + " connects/s");
  return parts;
}

std::string ProgressLine::status_text(const portloop_stats& stats, size_t max_columns) const {
  std::string text;
  for (const std::string& part : status_parts(stats)) {
    const size_t before = text.size();
    if (before > 0) text += ", ";
    text += part;
    if (before > 0 && text.size() > max_columns) {
      text.resize(before);
      break;
    }
  }
  return text.substr(0, max_columns);
}

void ProgressLine::draw(const portloop_stats& stats, const char* phase) {
  if (style_ == ProgressStyle::log) {
    constexpr uint64_t log_interval_ns = 10'000'000'000;
    const uint64_t now_ns = uv_hrtime();
    if (logged_ns_ == 0 || now_ns - logged_ns_ >= log_interval_ns) {
      logged_ns_ = now_ns;
      report(phase + status_text(stats));
    }
  }
  if (!region_) return;
  const int fd = rows_ ? STDOUT_FILENO : STDERR_FILENO;
  // The last column stays free: a terminal may wrap a full line. So does a row, for what was typed above.
  const size_t columns = std::max<size_t>(2, terminal_columns(fd)) - 1, rows = terminal_rows(fd);
  std::vector<std::string> lines;
  if (rows_ && rows > 2) lines = rows_(rows - 2, columns);
  if (style_ == ProgressStyle::redrawn) {
    const size_t phase_columns = std::min(columns, std::strlen(phase));
    lines.push_back(std::string(phase).substr(0, columns) + status_text(stats, columns - phase_columns));
  }
  region_->draw(lines);
}

void ProgressLine::clear() {
  if (region_) region_->erase();
}

void ProgressLine::report(const std::string& text) { print("portloop: " + text); }

void ProgressLine::print(const std::string& text) {
  clear();
  print_folded(text);
}

}  // namespace portloop
