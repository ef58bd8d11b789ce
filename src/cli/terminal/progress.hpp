// The progress of a scan on the terminal, below what it has found so far, and lines that are printed without mixing
// with it.
//
// If results are shown as live rows, they and the status line are drawn together (live_region.hpp); otherwise the
// status line alone. In a log, a line is added now and then.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal/live_region.hpp"
#include "portloop/portloop.h"

namespace portloop {

/// --progress
enum class ProgressChoice : uint8_t { automatic, always, never };

enum class ProgressStyle : uint8_t {
  none,
  redrawn,  ///< One line of a terminal, drawn again and again.
  log       ///< A line now and then, without escape sequences.
};

/// The style for this standard error.
ProgressStyle progress_style(ProgressChoice choice);

class ProgressLine {
 public:
  /// At most `max_rows` rows, none wider than `columns`.
  using LiveRows = std::function<std::vector<std::string>(size_t max_rows, size_t columns)>;

  explicit ProgressLine(ProgressStyle style);

  bool is_redrawn() const { return style_ == ProgressStyle::redrawn; }
  /// From now on draw() shows these rows on standard output, a terminal, above the status line.
  void show_rows(LiveRows rows);

  /// Whether the stats have all probes of the scan (default), or those of the targets that are known so far.
  void set_total_known(bool known) { total_known_ = known; }
  /// How many open ports wait for --identify.
  void set_identifying(uint64_t ports) { identifying_ = ports; }

  /// Updates the rate of connects, which is that of about the last two seconds. To be called a few times a second.
  /// `elapsed_s`: since the scan of these stats was started.
  void observe(const portloop_stats& stats, double elapsed_s);
  /// To be called after observe(), with the stats whose end is of interest: those of all runs.
  void predict(const portloop_stats& stats);
  /// Draws or redraws the line, or adds one to the log if the last one is old; `phase` precedes it.
  void draw(const portloop_stats& stats, const char* phase);
  /// Removes the line, so that something else can be written. The next draw() brings it back.
  void clear();
  /// Prints "portloop: " and `text` on lines of their own.
  void report(const std::string& text);
  /// The same without "portloop: ". On a terminal, no line ends within a word.
  void print(const std::string& text);

  /// "pass 1 of about 2, 19 % sent, 3 open, 4 s left, 91,234 connects/s": also printed by a status request. The time
  /// left is there only if the predictions of the last two seconds agree. Parts at the end are left out if they do not
  /// fit in `max_columns`.
  std::string status_text(const portloop_stats& stats, size_t max_columns = SIZE_MAX) const;

  /// An estimate, if what is sent now goes on at the same rate. Only valid if connects are being made.
  double seconds_left(const portloop_stats& stats) const;

 private:
  std::vector<std::string> status_parts(const portloop_stats& stats) const;

  ProgressStyle style_;
  std::optional<LiveRegion> region_;
  LiveRows rows_;
  bool total_known_ = true;
  uint64_t identifying_ = 0;
  uint64_t logged_ns_ = 0;  // when a line was added to the log; 0: never
  portloop_stats observed_{};
  double observed_s_ = 0;
  double connects_per_s_ = 0;
  double settled_per_s_ = 0;
  double predicted_end_s_ = 0;    // in the time of observe(); 0: not predicted yet
  double predicted_since_s_ = 0;  // since when the predictions have been near that one
};

/// Open, closed, filtered and unknown.
uint64_t results_of(const portloop_stats& stats);

/// "4 s", "2 min 5 s", "3 h 20 min".
std::string duration_text(double seconds);

uint64_t per_second(uint64_t count, double elapsed_s);

}  // namespace portloop
