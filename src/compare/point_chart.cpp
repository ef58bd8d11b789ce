#include "compare/point_chart.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "compare/estimate.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"

namespace portloop::compare {
namespace {

// The area of the points.
constexpr double plot_left = 66, plot_right = 390, plot_top = 26, plot_bottom = 246;

// The key has two names in a row, unless a name is longer than this.
constexpr double key_top = plot_bottom + 62, key_row = 22;
constexpr size_t half_row_characters = 22;

// On an axis of few distinct values, points at the same value are drawn side by side.
constexpr double side_step = 7;

enum class Shape : uint8_t { circle, square, triangle, diamond };

/// Loops, blocking models and guests have a colour each; within a colour the series differ in shape, then in filling.
struct Marker {
  Shape shape;
  bool hollow;
};

std::vector<Marker> markers_of(const std::vector<Series>& all) {
  std::vector<Marker> markers;
  std::array<size_t, families> used{};
  for (const Series& series : all) {
    const size_t number = used[static_cast<size_t>(family_of(series.entries.front()->contender))]++;
    markers.push_back({static_cast<Shape>(number % 4), number / 4 % 2 == 1});
  }
  return markers;
}

std::string_view colour_of(const Series& series) { return css_of(family_of(series.entries.front()->contender)); }

std::string drawn(const Marker& marker, double x, double y, std::string_view css, const std::string& title) {
  std::string attributes = " class=\"" + std::string(marker.hollow ? "hollow " : "fill ") + std::string(css) + "\">";
  if (!title.empty()) attributes += "<title>" + markup_text(title) + "</title>";
  const auto polygon = [&](const std::array<std::array<double, 2>, 4>& corners) {
    std::string points;
    for (const auto& corner : corners) points += px(x + corner[0]) + ',' + px(y + corner[1]) + ' ';
    return "<polygon points=\"" + points + "\"" + attributes + "</polygon>";
  };
  switch (marker.shape) {
    case Shape::circle: break;
    case Shape::square: return polygon({{{-5.5, -5.5}, {5.5, -5.5}, {5.5, 5.5}, {-5.5, 5.5}}});
    case Shape::triangle: return polygon({{{0, -7}, {7, 5.5}, {-7, 5.5}, {0, -7}}});
    case Shape::diamond: return polygon({{{0, -7.5}, {7.5, 0}, {0, 7.5}, {-7.5, 0}}});
  }
  return "<circle cx=\"" + px(x) + "\" cy=\"" + px(y) + "\" r=\"6\"" + attributes + "</circle>";
}

/// Of the runs.
std::vector<double> speeds_of(const Entry& entry) {
  std::vector<double> speeds;
  for (const RunRecord& run : entry.runs)
    speeds.push_back(static_cast<double>(run.states.size()) * 1e6 /
                     static_cast<double>(std::max<uint64_t>(1, run.wall_us)));
  return speeds;
}

std::string frame(const Axis& x, const Axis& y, const std::string& x_axis) {
  std::string out;
  for (const double tick : y.ticks()) {
    out += line_from(plot_left, y.at(tick), plot_right, y.at(tick), "grid") +
           text_at(plot_left - 6, y.at(tick) + 4, "tick", count_text(tick), "end");
  }
  for (const double tick : x.ticks()) out += line_from(x.at(tick), plot_top, x.at(tick), plot_bottom, "grid");
  return out + tick_labels(x, count_text, plot_bottom + 17) +
         text_at((plot_left + plot_right) / 2, plot_bottom + 38, "axis",
                 x_axis + (x.logarithmic() ? ", logarithmic" : ""), "middle") +
         text_at(0, 14, "axis",
                 std::string("probes per second, 95 % intervals") + (y.logarithmic() ? ", logarithmic" : ""));
}

std::string interval_drawn(const Estimate& speed, double x, const Axis& y) {
  if (!speed.has_interval()) return "";
  const double low = y.at(speed.low), high = y.at(speed.high);
  std::string out = line_from(x, low, x, high, "error");
  if (y.holds(speed.low)) out += line_from(x - 4, low, x + 4, low, "error");
  if (y.holds(speed.high)) out += line_from(x - 4, high, x + 4, high, "error");
  return out;
}

std::string runs_drawn(const Entry& entry, double x, const Axis& y) {
  std::string out;
  for (const double speed : speeds_of(entry))
    out += "<circle cx=\"" + px(x) + "\" cy=\"" + px(y.at(speed)) + "\" r=\"2\" class=\"run\"/>";
  return out;
}

std::string description_of(const Entry& entry, double x, const std::string& x_axis) {
  return entry.contender.name() + ": " + count_text(estimate(speeds_of(entry)).mean) + " probes per second, " + x_axis +
         ' ' + count_text(x);
}

std::string series_drawn(const Series& series, const Marker& marker, const PointFigure& figure, const Axis& x,
                         const Axis& y, double aside) {
  std::string line, points, upper, lower;
  const bool several = series.entries.size() > 1;
  for (const Entry* entry : series.entries) {
    const Estimate speed = estimate(speeds_of(*entry));
    const double at_x = x.at(figure.x_of(*entry)) + aside, at_y = y.at(speed.mean);
    line += px(at_x) + ',' + px(at_y) + ' ';
    upper += px(at_x) + ',' + px(y.at(speed.high)) + ' ';
    lower.insert(0, px(at_x) + ',' + px(y.at(speed.low)) + ' ');
    if (!several) points += interval_drawn(speed, at_x, y);
    points += drawn(marker, at_x, at_y, css_of(*entry), description_of(*entry, figure.x_of(*entry), figure.x_axis)) +
              runs_drawn(*entry, at_x, y);
  }
  if (!several) return points;
  const std::string colour(colour_of(series));
  return "<polygon class=\"band " + colour + "\" points=\"" + upper + lower + "\"/><polyline class=\"trail " + colour +
         "\" points=\"" + line + "\"/>" + points;
}

/// Appends the key and returns its bottom.
double append_key(std::string& out, const std::vector<Series>& all, const std::vector<Marker>& markers) {
  const bool halves = std::all_of(all.begin(), all.end(),
                                  [](const Series& series) { return series.name.size() <= half_row_characters; });
  for (size_t i = 0; i < all.size(); ++i) {
    const double x = halves && i % 2 == 1 ? picture_width / 2 : 0;
    const double y = key_top + key_row * static_cast<double>(halves ? i / 2 : i);
    out += drawn(markers[i], x + 8, y, colour_of(all[i]), "") + text_at(x + 22, y + 5, "name", all[i].name);
  }
  return key_top + key_row * static_cast<double>(halves ? (all.size() + 1) / 2 : all.size());
}

}  // namespace

Chart point_chart(const std::vector<Series>& all, const PointFigure& figure) {
  double low_x = 0, high_x = 0, low_y = 0, high_y = 0, high_end = 0;
  std::set<double> values;
  std::string description = figure.title + ": ";
  for (const Series& series : all) {
    for (const Entry* entry : series.entries) {
      const double x = figure.x_of(*entry);
      low_x = low_x == 0 ? x : std::min(low_x, x);
      high_x = std::max(high_x, x);
      for (const double speed : speeds_of(*entry)) {
        low_y = low_y == 0 ? speed : std::min(low_y, speed);
        high_y = std::max(high_y, speed);
      }
      high_end = std::max(high_end, estimate(speeds_of(*entry)).high);
      values.insert(x);
      description += description_of(*entry, x, figure.x_axis) + "; ";
    }
  }
  high_y = axis_end(high_y, high_end);
  // Room for the points that are drawn side by side.
  const double room = 12 + (figure.logarithmic_x ? 0 : side_step * static_cast<double>(all.size()) / 2);
  Axis x(low_x, high_x, figure.logarithmic_x, plot_left + 12, plot_right - room);
  if (!figure.logarithmic_x) x.set_ticks({values.begin(), values.end()});
  const Axis y(low_y, high_y, far_apart(low_y, high_y), plot_bottom, plot_top + 4);
  const std::vector<Marker> markers = markers_of(all);
  std::string out = frame(x, y, figure.x_axis);
  for (size_t i = 0; i < all.size(); ++i) {
    const double aside =
        figure.logarithmic_x ? 0 : side_step * (static_cast<double>(i) - static_cast<double>(all.size() - 1) / 2);
    out += series_drawn(all[i], markers[i], figure, x, y, aside);
  }
  const double bottom = append_key(out, all, markers);
  return {figure.title, opened(bottom, description) + out + "</svg>"};
}

}  // namespace portloop::compare
