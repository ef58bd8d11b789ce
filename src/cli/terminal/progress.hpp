// The progress on stderr, and lines that are printed without mixing with it.
#pragma once

#include <cstdint>
#include <string>

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
  explicit ProgressLine(ProgressStyle style) : style_(style) {}

  bool is_redrawn() const { return style_ == ProgressStyle::redrawn; }

  /// Updates the rate of connects, which is that of about the last two seconds. To be called a few times a second.
  /// `elapsed_s`: since the scan of these stats was started.
  void observe(const portloop_stats& stats, double elapsed_s);
  /// To be called after observe(), with the stats whose end is of interest: those of all runs.
  void predict(const portloop_stats& stats);
  /// Draws or redraws the line, or adds one to the log if the last one is old; `phase` precedes it.
  void draw(const portloop_stats& stats, const char* phase);
  /// Removes the line, so that something else can be written. The next draw() brings it back.
  void clear();
  /// Prints "portloop: " and `text` as a line of its own.
  void report(const std::string& text);

  /// "12,345/65,535 (19%), 91,234 connects/s, 3 open, 4 s left": also printed by a status request. The time left is
  /// there only if the predictions of the last two seconds agree.
  std::string status_text(const portloop_stats& stats) const;

  /// An estimate: silent ports take two connects, and lost packets are sent again. Only valid if
  /// connects are being made.
  double seconds_left(const portloop_stats& stats) const;

 private:
  ProgressStyle style_;
  bool on_screen_ = false;
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

uint64_t per_second(uint64_t count, double elapsed_s);

}  // namespace portloop
