#include "compare/svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compare/table.hpp"
#include "output/escape.hpp"

namespace portloop::compare {

Axis::Axis(double lowest, double highest, bool logarithmic, double start, double end)
    : logarithmic_(logarithmic), lowest_(0), highest_(highest > 0 ? highest : 1), start_(start), end_(end) {
  if (logarithmic_) {
    lowest_ = std::pow(10, std::floor(std::log10(lowest)));
    highest_ = std::max(highest_, lowest_ * 10);
    const bool few_decades = highest_ / lowest_ < 100;
    double decade = lowest_;
    while (decade <= highest_ * 1.0001) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        if ((factor == 1 || few_decades) && decade * factor <= highest_ * 1.0001) ticks_.push_back(decade * factor);
      }
      decade *= 10;
    }
    return;
  }
  double step = std::pow(10, std::floor(std::log10(highest_ / 4)));
  for (const double factor : {2.0, 5.0, 10.0}) {
    if (highest_ / step > 5) step *= factor / (factor == 5.0 ? 2 : factor == 10.0 ? 5 : 1);
  }
  for (int i = 0; step * i <= highest_ * 1.0001; ++i) ticks_.push_back(step * i);
}

double Axis::at(double value) const {
  const double share =
      logarithmic_ ? std::log(std::max(value, lowest_) / lowest_) / std::log(highest_ / lowest_) : value / highest_;
  return start_ + (end_ - start_) * std::clamp(share, 0.0, 1.0);
}

// On a linear axis a value this much smaller than the highest is hardly visible.
constexpr double max_linear_ratio = 25;

bool far_apart(double lowest, double highest) { return lowest > 0 && highest / lowest > max_linear_ratio; }

double axis_end(double max_value, double max_interval_end) {
  constexpr double room_for_interval = 1.15;
  return std::clamp(max_interval_end, max_value, max_value * room_for_interval);
}

std::string px(double value) {
  char text[24];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string text_at(double x, double y, std::string_view css, const std::string& text, std::string_view anchor) {
  std::string out = "<text x=\"" + px(x) + "\" y=\"" + px(y) + "\" class=\"";
  out.append(css).append("\" text-anchor=\"").append(anchor).append("\">").append(markup_text(text)).append("</text>");
  return out;
}

std::string line_from(double x1, double y1, double x2, double y2, std::string_view css) {
  std::string out =
      "<line x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) + "\" class=\"";
  return out.append(css).append("\"/>");
}

std::string tick_labels(const Axis& axis, std::string (*label)(double), double y) {
  constexpr double character = 8, space = 10;  // a digit of 14 px is 8 units wide
  std::string out;
  double taken = -space;
  for (const double tick : axis.ticks()) {
    const std::string text = tick_text(label(tick));
    const double x = axis.at(tick), width = character * static_cast<double>(columns_of(text));
    // Labels at the ends of the axis are kept within the picture.
    const std::string_view anchor = x < width / 2 ? "start" : x + width / 2 > picture_width ? "end" : "middle";
    const double start = anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2;
    if (start < taken + space) continue;
    taken = start + width;
    out += text_at(x, y, "tick", text, anchor);
  }
  return out;
}

std::string opened(double height, const std::string& description) {
  return "<svg viewBox=\"0 0 400 " + px(height) + "\" role=\"img\" aria-label=\"" + markup_text(description) + "\">";
}

Family family_of(const Contender& contender) {
  if (contender.guest != nullptr) return Family::guest;
  return contender.is_loop() ? Family::loop : Family::blocking;
}

std::string_view css_of(Family family) {
  switch (family) {
    case Family::loop: return "loop";
    case Family::guest: return "guest";
    case Family::blocking: break;
  }
  return "blocking";
}

std::string css_of(const Entry& entry) {
  return std::string(css_of(family_of(entry.contender))) + (entry.rank ? "" : " unranked");
}

std::string tick_text(std::string label) {
  const size_t point = label.find('.');
  if (point == std::string::npos) return label;
  const size_t end = std::min(label.find(' ', point), label.size());
  const size_t kept = label.find_last_not_of('0', end - 1);
  label.erase(kept == point ? point : kept + 1, end - (kept == point ? point : kept + 1));
  return label;
}

std::string markup_text(std::string_view text) {
  std::string out;
  append_xml_text(out, text);
  return out;
}

}  // namespace portloop::compare
