// Charts as SVG for the page: pure functions from a comparison to text. Colours are the page's CSS variables,
// so that they follow light and dark; text is 14 units of a chart's 400, which a phone still shows readably.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// One figure: its title, and the <svg> with its own description for those who can't see it.
struct Chart {
  std::string title;
  std::string svg;
};

/// The charts for which the comparison has data, in the order in which they are shown.
std::vector<Chart> charts_of(const Comparison& comparison);

/// How an axis runs: linear from 0, or logarithmic where the values are far apart.
class Axis {
 public:
  /// `lowest` > 0 where `logarithmic`; pixels from `start` to `end`.
  Axis(double lowest, double highest, bool logarithmic, double start, double end);
  double at(double value) const;
  /// Round values, at most about six.
  const std::vector<double>& ticks() const { return ticks_; }
  /// Those of an axis that counts few things: the values themselves.
  void set_ticks(std::vector<double> ticks) { ticks_ = std::move(ticks); }
  bool logarithmic() const { return logarithmic_; }

 private:
  bool logarithmic_;
  double lowest_, highest_, start_, end_;
  std::vector<double> ticks_;
};

/// Escapes text for SVG and HTML, attributes included.
std::string markup_text(std::string_view text);

}  // namespace portloop::compare
