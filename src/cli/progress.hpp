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

  /// Draws or redraws the line; `phase` stands before it.
  void draw(const portloop_stats& stats, double elapsed_s, const char* phase);
  /// Removes the line, so that something else can be written; the next draw() brings it back.
  void clear();
  bool shown() const { return shown_; }

  /// "12,345/65,535 (19%), 91,234/s, 3 open, 4 s left": also what a status request prints.
  static std::string status_text(const portloop_stats& stats, double elapsed_s);

 private:
  bool shown_;
  bool on_screen_ = false;
};

/// 65,535 with the thousands apart.
std::string grouped(uint64_t number);

}  // namespace portloop
