#include "compare/latency_chart.hpp"

#include <algorithm>
#include <array>

#include "compare/svg.hpp"
#include "compare/table.hpp"

namespace portloop::compare {
namespace {

constexpr double plot_left = 50, plot_right = 392, plot_top = 26, plot_bottom = 226;
constexpr double key_top = plot_bottom + 62, key_row = 22;

// Each curve has a colour and a dash of its own.
constexpr std::array<const char*, 8> dashes = {"", "7 4", "2 3", "10 3 2 3", "14 4", "5 2 2 2 2 2", "1 6", "14 3 6 3"};

struct Curve {
  const Entry* entry;
  std::string dash;
  std::vector<uint32_t> latencies_us;  ///< Sorted.
};

std::vector<Curve> curves_of(const std::vector<const Entry*>& entries) {
  std::vector<Curve> curves;
  std::array<size_t, families> used{};
  for (const Entry* entry : entries) {
    size_t& number = used[static_cast<size_t>(family_of(entry->contender))];
    Curve curve{entry, dashes[number % dashes.size()], {}};
    for (const RecordedConnect& connect : entry->recorded.connects) {
      if (connect.state == ProbeState::open || connect.state == ProbeState::closed ||
          connect.state == ProbeState::filtered)
        curve.latencies_us.push_back(std::max(1U, connect.end_us - connect.start_us));
    }
    if (curve.latencies_us.empty() || number == dashes.size()) continue;
    ++number;
    std::sort(curve.latencies_us.begin(), curve.latencies_us.end());
    curves.push_back(std::move(curve));
  }
  return curves;
}

double percent_y(double percent) { return plot_bottom - (plot_bottom - plot_top) * percent / 100; }

std::string style_of(const Curve& curve) {
  std::string text = " class=\"curve " + std::string(css_of(family_of(curve.entry->contender))) + '"';
  if (!curve.dash.empty()) text += " stroke-dasharray=\"" + curve.dash + '"';
  return text;
}

/// A point for each half unit at most.
std::string path_of(const Curve& curve, const Axis& axis) {
  const size_t count = curve.latencies_us.size();
  std::string d = 'M' + px(axis.at(curve.latencies_us.front())) + ' ' + px(plot_bottom);
  double drawn_x = -1;
  for (size_t i = 0; i < count; ++i) {
    const double x = axis.at(curve.latencies_us[i]);
    if (i + 1 < count && axis.at(curve.latencies_us[i + 1]) - drawn_x < 0.5) continue;
    drawn_x = x;
    d += 'H' + px(x) + 'V' + px(percent_y(100 * static_cast<double>(i + 1) / static_cast<double>(count)));
  }
  return "<path" + style_of(curve) + " d=\"" + d + "H" + px(plot_right) + "\"/>";
}

std::string frame(const Axis& axis) {
  std::string out;
  for (const double percent : {0.0, 25.0, 50.0, 75.0, 100.0}) {
    out += line_from(plot_left, percent_y(percent), plot_right, percent_y(percent), "grid") +
           text_at(plot_left - 6, percent_y(percent) + 4, "tick", count_text(percent) + " %", "end");
  }
  for (const double tick : axis.ticks()) out += line_from(axis.at(tick), plot_top, axis.at(tick), plot_bottom, "grid");
  return out +
         tick_labels(
             axis, [](double us) { return duration_text(us * 1e-6); }, plot_bottom + 20) +
         text_at((plot_left + plot_right) / 2, plot_bottom + 40, "axis", "time until the answer, logarithmic",
                 "middle") +
         text_at(0, 14, "axis", "share of the answered connects of the recorded run");
}

}  // namespace

Chart latency_chart(const std::vector<const Entry*>& entries) {
  const std::vector<Curve> curves = curves_of(entries);
  if (curves.empty()) return {};
  uint32_t min_us = UINT32_MAX, max_us = 1;
  std::string description = "Time until the answer, median: ", drawn, key;
  for (const Curve& curve : curves) {
    min_us = std::min(min_us, curve.latencies_us.front());
    max_us = std::max(max_us, curve.latencies_us.back());
  }
  const Axis axis(min_us, max_us, true, plot_left + 4, plot_right);
  for (size_t i = 0; i < curves.size(); ++i) {
    const size_t row = i / 2;  // two columns
    const double x = i % 2 == 1 ? picture_width / 2 : 0, y = key_top + key_row * static_cast<double>(row);
    drawn += path_of(curves[i], axis);
    key += "<path" + style_of(curves[i]) + " d=\"M" + px(x) + ' ' + px(y) + 'h' + px(24) + "\"/>" +
           text_at(x + 30, y + 5, "name", curves[i].entry->contender.name());
    description += (i == 0 ? "" : ", ") + curves[i].entry->contender.name() + ' ' +
                   duration_text(curves[i].latencies_us[curves[i].latencies_us.size() / 2] * 1e-6);
  }
  const size_t rows = (curves.size() + 1) / 2;
  const double bottom = key_top + key_row * static_cast<double>(rows);
  return {"Latency of connects", opened(bottom, description) + frame(axis) + drawn + key + "</svg>"};
}

}  // namespace portloop::compare
