#include "compare/bar_chart.hpp"

#include <algorithm>

#include "compare/svg.hpp"

namespace portloop::compare {
namespace {

constexpr double row_height = 44;

std::string bar_row(const Entry& entry, const BarFigure& figure, const Axis& axis, double y) {
  const double value = figure.value(entry), deviation = figure.deviation(entry);
  const std::string css(css_of(entry));
  std::string label = figure.label(value);
  if (!entry.rank) label += " (no rank)";
  std::string out =
      text_at(0, y + 14, "name", entry.contender.name()) + text_at(picture_width, y + 14, "value", label, "end");
  const double middle = y + 29;
  // On a logarithmic axis the length of a bar means nothing, so it is a dot.
  if (axis.logarithmic()) {
    out += line_from(0, middle, picture_width, middle, "grid") + "<circle cx=\"" + px(axis.at(value)) + "\" cy=\"" +
           px(middle) + "\" r=\"6\" class=\"fill " + css + "\"/>";
  } else {
    out += "<rect x=\"" + px(axis.at(0)) + "\" y=\"" + px(middle - 8) + "\" width=\"" +
           px(std::max(axis.at(value) - axis.at(0), 1.0)) + "\" height=\"16\" rx=\"2\" class=\"fill " + css + "\"/>";
  }
  if (deviation <= 0) return out;
  const double low = axis.at(std::max(value - deviation, axis.logarithmic() ? value * 0.1 : 0)),
               high = axis.at(value + deviation);
  return out + line_from(low, middle, high, middle, "error") + line_from(low, middle - 5, low, middle + 5, "error") +
         line_from(high, middle - 5, high, middle + 5, "error");
}

/// Keeps labels at the ends of the axis within the picture.
std::string_view anchor_of(double x) { return x < 30 ? "start" : x > picture_width - 30 ? "end" : "middle"; }

}  // namespace

Chart bar_chart(const std::vector<const Entry*>& entries, const BarFigure& figure) {
  double lowest = 0, highest = 0;
  for (const Entry* entry : entries) {
    const double value = figure.value(*entry);
    highest = std::max(highest, value + figure.deviation(*entry));
    if (value > 0 && (lowest == 0 || value < lowest)) lowest = value;
  }
  const Axis axis(lowest, highest, far_apart(lowest, highest), far_apart(lowest, highest) ? 8 : 1, picture_width - 8);
  const double bottom = row_height * static_cast<double>(entries.size());
  std::string described = figure.title + ": ";
  std::string rows, grid;
  for (const double tick : axis.ticks()) {
    grid += line_from(axis.at(tick), 0, axis.at(tick), bottom, "grid") +
            text_at(axis.at(tick), bottom + 16, "tick", tick_text(figure.label(tick)), anchor_of(axis.at(tick)));
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    rows += bar_row(*entries[i], figure, axis, row_height * static_cast<double>(i));
    described += (i == 0 ? "" : ", ") + entries[i]->contender.name() + ' ' + figure.label(figure.value(*entries[i]));
  }
  const std::string axis_text = figure.axis + (axis.logarithmic() ? ", logarithmic" : "");
  return {figure.title, opened(bottom + 42, described) + grid + rows +
                            text_at(picture_width / 2, bottom + 36, "axis", axis_text, "middle") + "</svg>"};
}

}  // namespace portloop::compare
