// The one class that owns the terminal on stderr: a progress line that never mixes with what else is written.
#pragma once

#include <cstdint>
#include <string>

#include "portloop/portloop.h"

namespace portloop {

class ProgressLine {
 public:
  /// `shown`: whether there is a line at all.
  explicit ProgressLine(bool shown);

  /// Learns how fast connects are being made; to be called now and then. `elapsed_s`: since the scan of these stats
  /// was started. The rate is that of about the last two seconds.
  void note(const portloop_stats& stats, double elapsed_s);
  /// Draws or redraws the line; `phase` stands before it.
  void draw(const portloop_stats& stats, const char* phase);
  /// Removes the line, so that something else can be written; the next draw() brings it back.
  void clear();
  bool shown() const { return shown_; }

  /// "12,345/65,535 (19%), 91,234 connects/s, 3 open, 4 s left": also what a status request prints.
  std::string status_text(const portloop_stats& stats) const;

  /// An estimate: silence is asked about twice, and packets that are lost are asked for again. Only while something is
  /// left and connects are being made.
  double seconds_left(const portloop_stats& stats) const;

 private:
  bool shown_;
  bool on_screen_ = false;
  portloop_stats noted_{};
  double noted_s_ = 0;
  double connects_per_s_ = 0;
  double settled_per_s_ = 0;
};

/// 65,535 with the thousands apart.
std::string grouped(uint64_t number);

uint64_t results_of(const portloop_stats& stats);

uint64_t per_second(uint64_t count, double elapsed_s);

}  // namespace portloop
