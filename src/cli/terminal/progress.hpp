// The progress line on stderr, and lines that are printed without mixing with it.
#pragma once

#include <cstdint>
#include <string>

#include "portloop/portloop.h"

namespace portloop {

class ProgressLine {
 public:
  /// If not `shown`, nothing is ever drawn.
  explicit ProgressLine(bool shown);

  /// Updates the rate of connects, which is that of about the last two seconds. To be called a few times a second.
  /// `elapsed_s`: since the scan of these stats was started.
  void observe(const portloop_stats& stats, double elapsed_s);
  /// Draws or redraws the line; `phase` precedes it.
  void draw(const portloop_stats& stats, const char* phase);
  /// Removes the line, so that something else can be written. The next draw() brings it back.
  void clear();
  /// Prints "portloop: " and `text` as a line of its own.
  void report(const std::string& text);

  /// "12,345/65,535 (19%), 91,234 connects/s, 3 open, 4 s left": also printed by a status request.
  std::string status_text(const portloop_stats& stats) const;

  /// An estimate: silent ports take two connects, and lost packets are sent again. Only valid if
  /// connects are being made.
  double seconds_left(const portloop_stats& stats) const;

 private:
  bool shown_;
  bool on_screen_ = false;
  portloop_stats observed_{};
  double observed_s_ = 0;
  double connects_per_s_ = 0;
  double settled_per_s_ = 0;
};

/// Open, closed, filtered and unknown.
uint64_t results_of(const portloop_stats& stats);

uint64_t per_second(uint64_t count, double elapsed_s);

}  // namespace portloop
