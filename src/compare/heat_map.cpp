#include "compare/heat_map.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "compare/svg.hpp"
#include "compare/table.hpp"

namespace portloop::compare {
namespace {

constexpr double plot_left = 66, plot_top = 26;
constexpr double all_cells_height = 210, min_cell_height = 34, max_cell_height = 70;
// The background of a cell stays light enough for its text.
constexpr double min_opacity = 0.06, max_opacity = 0.5;

}  // namespace

Chart heat_map(const std::vector<const Entry*>& entries, uint64_t probes) {
  std::map<std::pair<uint32_t, uint32_t>, double> speeds;  // by loops and number in flight
  std::set<uint32_t> loops, windows;
  for (const Entry* entry : entries) {
    const Contender& contender = entry->contender;
    if (!contender.is_loop() || contender.portable) continue;
    loops.insert(contender.loops);
    windows.insert(contender.in_flight);
    speeds[{contender.loops, contender.in_flight}] = entry->probes_per_s(probes);
  }
  if (loops.size() < 2 || windows.size() < 2 || speeds.size() < loops.size() * windows.size()) return {};
  double highest = 0;
  for (const auto& [key, speed] : speeds) highest = std::max(highest, speed);
  const double cell_height =
      std::clamp(all_cells_height / static_cast<double>(loops.size()), min_cell_height, max_cell_height);
  const double cell_width = (picture_width - plot_left) / static_cast<double>(windows.size());
  // As many digits as fit; a narrow cell has thousands.
  const bool thousands = cell_width < 70;
  const auto text_of = [thousands](double speed) {
    return thousands ? tick_text(count_text(speed / 1000)) + 'k' : count_text(speed);
  };
  std::string out = text_at(0, 14, "axis", "probes per second; the fastest is framed"),
              description = "Probes per second: ";
  double y = plot_top;
  for (const uint32_t loop_count : loops) {
    out += text_at(plot_left - 8, y + cell_height / 2 + 5, "tick", count_text(loop_count), "end");
    double x = plot_left;
    for (const uint32_t window : windows) {
      const double speed = speeds[{loop_count, window}];
      char opacity[16];
      std::snprintf(opacity, sizeof opacity, "%.2f",
                    min_opacity + (max_opacity - min_opacity) * speed / std::max(highest, 1e-9));
      out += "<rect x=\"" + px(x + 1) + "\" y=\"" + px(y + 1) + "\" width=\"" + px(cell_width - 2) + "\" height=\"" +
             px(cell_height - 2) + "\" class=\"cell" + (speed == highest ? " best" : "") + "\" fill-opacity=\"" +
             opacity + "\"/>" + text_at(x + cell_width / 2, y + cell_height / 2 + 5, "value", text_of(speed), "middle");
      description +=
          count_text(loop_count) + " loops, " + count_text(window) + " in flight " + count_text(speed) + "; ";
      x += cell_width;
    }
    y += cell_height;
  }
  double x = plot_left;
  for (const uint32_t window : windows) {
    out += text_at(x + cell_width / 2, y + 17, "tick", count_text(window), "middle");
    x += cell_width;
  }
  out += text_at(plot_left - 8, y + 17, "axis", "loops", "end") +
         text_at((plot_left + picture_width) / 2, y + 38, "axis", "maximum connects in flight", "middle");
  return {"Loops and connects in flight", opened(y + 44, description) + out + "</svg>"};
}

}  // namespace portloop::compare
