#include "compare/chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "compare/table.hpp"
#include "output/escape.hpp"

namespace portloop::compare {
namespace {

constexpr double width = 400;
constexpr double row_height = 44;

// Beyond this a linear axis shows the small values as nothing.
constexpr double widest_linear = 25;

std::string px(double value) {
  char text[24];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string text_at(double x, double y, std::string_view css, const std::string& text, std::string_view anchor = "start") {
  std::string out = "<text x=\"" + px(x) + "\" y=\"" + px(y) + "\" class=\"";
  out.append(css).append("\" text-anchor=\"").append(anchor).append("\">").append(markup_text(text)).append("</text>");
  return out;
}

std::string line_from(double x1, double y1, double x2, double y2, std::string_view css) {
  std::string out = "<line x1=\"" + px(x1) + "\" y1=\"" + px(y1) + "\" x2=\"" + px(x2) + "\" y2=\"" + px(y2) + "\" class=\"";
  return out.append(css).append("\"/>");
}

std::string opened(double height, const std::string& description) {
  return "<svg viewBox=\"0 0 400 " + px(height) + "\" role=\"img\" aria-label=\"" + markup_text(description) + "\">";
}

std::string_view css_of(const Entry& entry) {
  if (!entry.rank) return "unranked";
  return entry.contender.is_loop() ? "loop" : "blocking";
}

/// What one figure of horizontal bars shows.
struct BarFigure {
  std::string title;
  std::string axis;  ///< With its unit.
  double (*value)(const Entry&);
  double (*deviation)(const Entry&);
  std::string (*label)(double);
};

bool far_apart(double lowest, double highest) { return lowest > 0 && highest / lowest > widest_linear; }

std::string bar_row(const Entry& entry, const BarFigure& figure, const Axis& axis, double y) {
  const double value = figure.value(entry), deviation = figure.deviation(entry);
  const std::string css(css_of(entry));
  std::string label = figure.label(value);
  if (!entry.rank) label += " (no rank)";
  std::string out = text_at(0, y + 14, "name", entry.contender.name()) + text_at(width, y + 14, "value", label, "end");
  const double middle = y + 29;
  // On a logarithmic axis a bar's length means nothing: a dot stands there instead.
  if (axis.logarithmic()) {
    out += line_from(0, middle, width, middle, "grid") + "<circle cx=\"" + px(axis.at(value)) + "\" cy=\"" + px(middle) + "\" r=\"6\" class=\"fill " + css + "\"/>";
  } else {
    out += "<rect x=\"" + px(axis.at(0)) + "\" y=\"" + px(middle - 8) + "\" width=\"" + px(std::max(axis.at(value) - axis.at(0), 1.0)) + "\" height=\"16\" rx=\"2\" class=\"fill " + css + "\"/>";
  }
  if (deviation <= 0) return out;
  const double low = axis.at(std::max(value - deviation, axis.logarithmic() ? value * 0.1 : 0)), high = axis.at(value + deviation);
  return out + line_from(low, middle, high, middle, "error") + line_from(low, middle - 5, low, middle + 5, "error") +
         line_from(high, middle - 5, high, middle + 5, "error");
}

/// A label at an end of the axis stays within the picture.
std::string_view anchor_of(double x) { return x < 30 ? "start" : x > width - 30 ? "end" : "middle"; }

Chart bar_chart(const std::vector<const Entry*>& entries, const BarFigure& figure) {
  double lowest = 0, highest = 0;
  for (const Entry* entry : entries) {
    const double value = figure.value(*entry);
    highest = std::max(highest, value + figure.deviation(*entry));
    if (value > 0 && (lowest == 0 || value < lowest)) lowest = value;
  }
  const Axis axis(lowest, highest, far_apart(lowest, highest), far_apart(lowest, highest) ? 8 : 1, width - 8);
  const double bottom = row_height * static_cast<double>(entries.size());
  std::string described = figure.title + ": ";
  std::string rows, grid;
  for (const double tick : axis.ticks()) {
    grid += line_from(axis.at(tick), 0, axis.at(tick), bottom, "grid") + text_at(axis.at(tick), bottom + 16, "tick", figure.label(tick), anchor_of(axis.at(tick)));
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    rows += bar_row(*entries[i], figure, axis, row_height * static_cast<double>(i));
    described += (i == 0 ? "" : ", ") + entries[i]->contender.name() + ' ' + figure.label(figure.value(*entries[i]));
  }
  const std::string axis_text = figure.axis + (axis.logarithmic() ? ", logarithmic" : "");
  return {figure.title, opened(bottom + 42, described) + grid + rows + text_at(width / 2, bottom + 36, "axis", axis_text, "middle") + "</svg>"};
}

// Where a chart of points draws.
constexpr double plot_left = 66, plot_right = 390, plot_top = 26, plot_bottom = 246;

std::string plot_frame(const Axis& x, const Axis& y, const std::string& x_axis, std::string (*x_label)(double)) {
  std::string out;
  for (const double tick : y.ticks()) {
    out += line_from(plot_left, y.at(tick), plot_right, y.at(tick), "grid") + text_at(plot_left - 6, y.at(tick) + 4, "tick", count_text(tick), "end");
  }
  for (const double tick : x.ticks()) {
    out += line_from(x.at(tick), plot_top, x.at(tick), plot_bottom, "grid") + text_at(x.at(tick), plot_bottom + 17, "tick", x_label(tick), "middle");
  }
  return out + text_at((plot_left + plot_right) / 2, plot_bottom + 38, "axis", x_axis + (x.logarithmic() ? ", logarithmic" : ""), "middle") +
         text_at(0, 14, "axis", std::string("probes per second") + (y.logarithmic() ? ", logarithmic" : ""));
}

double speed_of(const Entry& entry) { return entry.wall_s.mean > 0 ? static_cast<double>(entry.runs.front().said.size()) / entry.wall_s.mean : 0; }

double speed_deviation(const Entry& entry) {
  return entry.wall_s.mean > 0 ? speed_of(entry) * entry.wall_s.deviation / entry.wall_s.mean : 0;
}

std::string point(const Entry& entry, double x, const Axis& y) {
  const double speed = speed_of(entry), deviation = speed_deviation(entry);
  std::string out;
  if (deviation > 0) {
    const double low = y.at(std::max(speed - deviation, y.logarithmic() ? speed * 0.1 : 0)), high = y.at(speed + deviation);
    out = line_from(x, low, x, high, "error") + line_from(x - 4, low, x + 4, low, "error") + line_from(x - 4, high, x + 4, high, "error");
  }
  return out + "<circle cx=\"" + px(x) + "\" cy=\"" + px(y.at(speed)) + "\" r=\"6\" class=\"fill " + std::string(css_of(entry)) + "\"/>";
}

/// Names beside their points, moved down where two would overlap.
std::string names_of_points(const std::vector<const Entry*>& entries, double (*x_of)(const Entry&), const Axis& x, const Axis& y) {
  struct Name {
    double x, y;
    std::string text;
  };
  std::vector<Name> names;
  for (const Entry* entry : entries) names.push_back({x.at(x_of(*entry)), y.at(speed_of(*entry)), entry->contender.name()});
  std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.y < b.y; });
  double last = -100;
  std::string out;
  for (Name& name : names) {
    name.y = std::max(name.y - 7, last + 15);
    last = name.y;
    const bool at_right = name.x > (plot_left + plot_right) / 2;
    out += text_at(at_right ? name.x - 11 : name.x + 11, name.y, "name halo", name.text, at_right ? "end" : "start");
  }
  return out;
}

std::string trail(const std::vector<const Entry*>& entries, double (*x_of)(const Entry&), const Axis& x, const Axis& y) {
  if (entries.size() < 2) return "";
  std::string out = "<polyline class=\"trail\" points=\"";
  for (const Entry* entry : entries) out += px(x.at(x_of(*entry))) + ',' + px(y.at(speed_of(*entry))) + ' ';
  return out + "\"/>";
}

struct PointFigure {
  std::string title, x_axis;
  double (*x_of)(const Entry&);
  bool logarithmic_x;
};

Chart point_chart(const std::vector<const Entry*>& entries, const std::vector<std::vector<const Entry*>>& trails, const PointFigure& figure) {
  double low_x = 0, high_x = 0, low_y = 0, high_y = 0;
  for (const Entry* entry : entries) {
    const double x = figure.x_of(*entry), y = speed_of(*entry);
    low_x = low_x == 0 ? x : std::min(low_x, x);
    high_x = std::max(high_x, x);
    low_y = low_y == 0 ? y : std::min(low_y, y);
    high_y = std::max(high_y, y + speed_deviation(*entry));
  }
  Axis x(low_x, high_x, figure.logarithmic_x, plot_left + 12, plot_right - 12);
  if (!figure.logarithmic_x) {
    std::set<double> values;
    for (const Entry* entry : entries) values.insert(figure.x_of(*entry));
    x.set_ticks({values.begin(), values.end()});
  }
  const Axis y(low_y, high_y, far_apart(low_y, high_y), plot_bottom, plot_top + 4);
  std::string described = figure.title + ": ";
  std::string out = plot_frame(x, y, figure.x_axis, count_text);
  for (const auto& line : trails) out += trail(line, figure.x_of, x, y);
  for (const Entry* entry : entries) {
    out += point(*entry, x.at(figure.x_of(*entry)), y);
    described += entry->contender.name() + ' ' + count_text(speed_of(*entry)) + " at " + count_text(figure.x_of(*entry)) + "; ";
  }
  return {figure.title, opened(plot_bottom + 46, described) + out + names_of_points(entries, figure.x_of, x, y) + "</svg>"};
}

double loops_of(const Entry& entry) { return entry.contender.loops; }
double in_flight_of(const Entry& entry) { return std::max(1.0, entry.middle(&ModelRun::peak_in_flight)); }

bool by_loops(const Entry* a, const Entry* b) { return a->contender.loops < b->contender.loops; }
bool by_window(const Entry* a, const Entry* b) { return a->contender.in_flight < b->contender.in_flight; }

/// The loop models that differ in one number only, in its order: a line each, where it has two points.
std::vector<std::vector<const Entry*>> lines_of(const std::vector<const Entry*>& entries, uint32_t Contender::*same, bool (*before)(const Entry*, const Entry*)) {
  std::set<uint32_t> values;
  for (const Entry* entry : entries) values.insert(entry->contender.*same);
  std::vector<std::vector<const Entry*>> lines;
  for (const uint32_t value : values) {
    std::vector<const Entry*> line;
    for (const Entry* entry : entries) {
      if (entry->contender.is_loop() && !entry->contender.portable && entry->contender.*same == value) line.push_back(entry);
    }
    std::sort(line.begin(), line.end(), before);
    if (line.size() > 1) lines.push_back(line);
  }
  return lines;
}

}  // namespace

Axis::Axis(double lowest, double highest, bool logarithmic, double start, double end)
    : logarithmic_(logarithmic), lowest_(0), highest_(highest > 0 ? highest : 1), start_(start), end_(end) {
  if (logarithmic_) {
    lowest_ = std::pow(10, std::floor(std::log10(lowest)));
    highest_ = std::max(highest_, lowest_ * 10);
    for (double tick = lowest_; tick <= highest_ * 1.0001; tick *= 10) ticks_.push_back(tick);
    return;
  }
  double step = std::pow(10, std::floor(std::log10(highest_ / 4)));
  for (const double factor : {2.0, 5.0, 10.0}) {
    if (highest_ / step > 5) step *= factor / (factor == 5.0 ? 2 : factor == 10.0 ? 5 : 1);
  }
  for (int i = 0; step * i <= highest_ * 1.0001; ++i) ticks_.push_back(step * i);
}

double Axis::at(double value) const {
  const double share = logarithmic_ ? std::log(std::max(value, lowest_) / lowest_) / std::log(highest_ / lowest_) : value / highest_;
  return start_ + (end_ - start_) * std::clamp(share, 0.0, 1.0);
}

std::string markup_text(std::string_view text) {
  std::string out;
  append_xml_text(out, text);
  return out;
}

std::vector<Chart> charts_of(const Comparison& comparison) {
  std::vector<const Entry*> entries, loops;
  std::set<double> windows;
  for (const Entry* entry : comparison.ranked()) {
    if (entry->runs.empty()) continue;
    entries.push_back(entry);
    if (entry->contender.is_loop() && !entry->contender.portable) loops.push_back(entry);
    windows.insert(in_flight_of(*entry));
  }
  std::vector<Chart> charts;
  if (entries.empty()) return charts;
  const auto nothing = [](const Entry&) { return 0.0; };
  charts.push_back(bar_chart(entries, {"Wall time", "mean of the runs ± deviation", [](const Entry& e) { return e.wall_s.mean; },
                                       [](const Entry& e) { return e.wall_s.deviation; }, duration_text}));
  const auto of_loops = lines_of(loops, &Contender::in_flight, by_loops);
  if (!of_loops.empty()) {
    std::vector<const Entry*> shown;
    for (const auto& line : of_loops) shown.insert(shown.end(), line.begin(), line.end());
    charts.push_back(point_chart(shown, of_loops, {"Speed against loops", "loop threads", loops_of, false}));
  }
  if (windows.size() > 1) {
    charts.push_back(point_chart(entries, lines_of(loops, &Contender::loops, by_window),
                                 {"Throughput against connects in flight", "most connects in flight", in_flight_of, true}));
  }
  charts.push_back(bar_chart(entries, {"Memory", "most resident memory, median", [](const Entry& e) { return e.middle(&RunRecord::memory_kib) / 1024; },
                                       nothing, [](double mib) { return memory_text(mib * 1024); }}));
  charts.push_back(bar_chart(entries, {"Threads", "most threads at once, median", [](const Entry& e) { return e.middle(&ModelRun::peak_threads); },
                                       nothing, count_text}));
  return charts;
}

}  // namespace portloop::compare
