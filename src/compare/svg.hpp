// SVG elements and axes for the charts. Pure functions. A picture is 400 units wide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

constexpr double picture_width = 400;

/// A linear axis from 0, or a logarithmic one for values that are far apart.
class Axis {
 public:
  /// `lowest` > 0 if `logarithmic`. Maps to coordinates from `start` to `end`.
  Axis(double lowest, double highest, bool logarithmic, double start, double end);
  double at(double value) const;
  /// Whether the value is within the ends; at() moves others to the nearer end.
  bool holds(double value) const { return value >= lowest_ && value <= highest_; }
  /// About seven round values at most.
  const std::vector<double>& ticks() const { return ticks_; }
  /// For an axis of few distinct values: the values themselves.
  void set_ticks(std::vector<double> ticks) { ticks_ = std::move(ticks); }
  bool logarithmic() const { return logarithmic_; }

 private:
  bool logarithmic_;
  double lowest_, highest_, start_, end_;
  std::vector<double> ticks_;
};

/// Returns whether the lowest value would be invisible on a linear axis.
bool far_apart(double lowest, double highest);

/// Returns the end of an axis that shows intervals. An interval of few runs may be very wide: it is cut off if it is
/// much longer than the largest value.
double axis_end(double max_value, double max_interval_end);

/// Formats a coordinate.
std::string px(double value);
std::string text_at(double x, double y, std::string_view css, const std::string& text,
                    std::string_view anchor = "start");
std::string line_from(double x1, double y1, double x2, double y2, std::string_view css);
/// The labels of the ticks of a horizontal axis, at height `y`. Those that would touch the one before them are left
/// out.
std::string tick_labels(const Axis& axis, std::string (*label)(double), double y);
/// The opening <svg> tag; `description` is for screen readers.
std::string opened(double height, const std::string& description);
/// The kinds of contenders that have a colour each.
enum class Family : uint8_t { blocking, loop, guest };
constexpr size_t families = 3;
Family family_of(const Contender& contender);
/// The CSS class for the colour of a family, and for that of an entry and whether it has a rank.
std::string_view css_of(Family family);
std::string css_of(const Entry& entry);
/// Removes trailing zeros: "1.00 s" becomes "1 s".
std::string tick_text(std::string label);
/// Escapes text for SVG and HTML, attributes included.
std::string markup_text(std::string_view text);

}  // namespace portloop::compare
