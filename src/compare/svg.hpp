// Pieces of SVG, and axes: what the charts are drawn with. Pure functions. A picture is 400 units wide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

constexpr double picture_width = 400;

/// How an axis runs: linear from 0, or logarithmic where the values are far apart.
class Axis {
 public:
  /// `lowest` > 0 where `logarithmic`; pixels from `start` to `end`.
  Axis(double lowest, double highest, bool logarithmic, double start, double end);
  double at(double value) const;
  /// Round values, at most about seven.
  const std::vector<double>& ticks() const { return ticks_; }
  /// Those of an axis that counts few things: the values themselves.
  void set_ticks(std::vector<double> ticks) { ticks_ = std::move(ticks); }
  bool logarithmic() const { return logarithmic_; }

 private:
  bool logarithmic_;
  double lowest_, highest_, start_, end_;
  std::vector<double> ticks_;
};

/// Whether a linear axis would show the smallest as nothing.
bool far_apart(double lowest, double highest);

/// A coordinate.
std::string px(double value);
std::string text_at(double x, double y, std::string_view css, const std::string& text,
                    std::string_view anchor = "start");
std::string line_from(double x1, double y1, double x2, double y2, std::string_view css);
/// The opening tag; `description` is for those who can't see the picture.
std::string opened(double height, const std::string& description);
/// The CSS classes of an entry's colour, and of what has no rank.
std::string_view css_of(const Entry& entry);
/// "1.00 s" is 1 s on an axis.
std::string tick_text(std::string label);
/// Escapes text for SVG and HTML, attributes included.
std::string markup_text(std::string_view text);

}  // namespace portloop::compare
