#include "compare/bar_chart.hpp"

#include <algorithm>

#include "compare/estimate.hpp"
#include "compare/svg.hpp"

namespace portloop::compare {
namespace {

constexpr double row_height = 50, bar_middle = 27, bar_height = 12, dots_at = 40;

/// Of the runs.
std::vector<double> values_of(const Entry& entry, double (*value)(const RunRecord&)) {
  std::vector<double> values;
  for (const RunRecord& run : entry.runs) values.push_back(value(run));
  return values;
}

std::string interval_drawn(const Estimate& mean, const Axis& axis, double middle) {
  if (!mean.has_interval()) return "";
  const double low = axis.at(mean.low), high = axis.at(mean.high);
  std::string out = line_from(low, middle, high, middle, "error");
  if (axis.holds(mean.low)) out += line_from(low, middle - 5, low, middle + 5, "error");
  if (axis.holds(mean.high)) out += line_from(high, middle - 5, high, middle + 5, "error");
  return out;
}

std::string bar_row(const Entry& entry, const BarFigure& figure, const Axis& axis, double y) {
  const std::vector<double> values = values_of(entry, figure.value);
  const Estimate mean = estimate(values);
  const std::string css(css_of(entry));
  std::string label = figure.label(mean.mean);
  if (!entry.rank) label += " (no rank)";
  std::string out =
      text_at(0, y + 14, "name", entry.contender.name()) + text_at(picture_width, y + 14, "value", label, "end");
  const double middle = y + bar_middle;
  // On a logarithmic axis the length of a bar means nothing, so it is a dot.
  if (axis.logarithmic()) {
    out += line_from(0, middle, picture_width, middle, "grid") + "<circle cx=\"" + px(axis.at(mean.mean)) + "\" cy=\"" +
           px(middle) + "\" r=\"6\" class=\"fill " + css + "\"/>";
  } else {
    out += "<rect x=\"" + px(axis.at(0)) + "\" y=\"" + px(middle - bar_height / 2) + "\" width=\"" +
           px(std::max(axis.at(mean.mean) - axis.at(0), 1.0)) + "\" height=\"" + px(bar_height) +
           "\" rx=\"2\" class=\"fill " + css + "\"/>";
  }
  out += interval_drawn(mean, axis, middle);
  for (const double value : values)
    out += "<circle cx=\"" + px(axis.at(value)) + "\" cy=\"" + px(y + dots_at) + "\" r=\"2.5\" class=\"run\"/>";
  return out;
}

}  // namespace

Chart bar_chart(const std::vector<const Entry*>& entries, const BarFigure& figure) {
  double lowest = 0, highest = 0, highest_end = 0;
  for (const Entry* entry : entries) {
    const std::vector<double> values = values_of(*entry, figure.value);
    for (const double value : values) {
      highest = std::max(highest, value);
      if (value > 0 && (lowest == 0 || value < lowest)) lowest = value;
    }
    highest_end = std::max(highest_end, estimate(values).high);
  }
  highest = axis_end(highest, highest_end);
  const bool logarithmic = far_apart(lowest, highest);
  const Axis axis(lowest, highest, logarithmic, logarithmic ? 8 : 1, picture_width - 8);
  const double bottom = row_height * static_cast<double>(entries.size());
  std::string described = figure.title + ": ";
  std::string rows, grid;
  for (const double tick : axis.ticks()) {
    grid += line_from(axis.at(tick), 0, axis.at(tick), bottom, "grid");
  }
  grid += tick_labels(axis, figure.label, bottom + 16);
  for (size_t i = 0; i < entries.size(); ++i) {
    rows += bar_row(*entries[i], figure, axis, row_height * static_cast<double>(i));
    described += (i == 0 ? "" : ", ") + entries[i]->contender.name() + ' ' +
                 figure.label(estimate(values_of(*entries[i], figure.value)).mean);
  }
  const std::string axis_text = figure.axis + (axis.logarithmic() ? ", logarithmic" : "");
  return {figure.title, opened(bottom + 42, described) + grid + rows +
                            text_at(picture_width / 2, bottom + 36, "axis", axis_text, "middle") + "</svg>"};
}

}  // namespace portloop::compare
