// The lanes for the page. The drawings have no text and are stretched to the width of the page, so that they are as
// large as possible on every screen; what is written beside them is HTML.
#include <algorithm>
#include <array>

#include "compare/lanes.hpp"
#include "compare/svg.hpp"
#include "compare/table.hpp"

namespace portloop::compare {
namespace {

// With many models, each gets less room.
constexpr size_t few_models = 6;
constexpr size_t max_rows = 40, max_rows_of_many = 16;
constexpr double drawing_width = 1000;
constexpr double all_rows_height = 200, all_rows_height_of_many = 100, min_row_height = 5, max_row_height = 14,
                 turns_height = 8;
constexpr double flight_height = 40;

// Bars of one outcome that are this narrow, and this near to each other, look like one.
constexpr double narrow = 1.5, near = 0.2;
// Longer bars are drawn shorter by a gap, so that each can be seen.
constexpr double with_gap = 4, gap = 1.5;

double x_of(uint64_t us, uint64_t axis_us) {
  return std::min(static_cast<double>(us) * drawing_width / static_cast<double>(axis_us), drawing_width);
}

std::string_view css_of(ProbeState state) {
  switch (state) {
    case ProbeState::open: return "bar open";
    case ProbeState::closed: return "bar closed";
    case ProbeState::filtered: return "bar filtered";
    case ProbeState::silent: return "bar silent";
    case ProbeState::none:
    case ProbeState::unknown: break;
  }
  return "bar unknown";
}

/// One path for each outcome.
class BarPaths {
 public:
  void add(ProbeState state, double start, double end, double y) {
    Path& path = paths_[static_cast<size_t>(state)];
    if (end - start >= with_gap) end -= gap;
    end = std::max(end, start + 0.5);
    if (path.width > 0 && path.y == y && path.width < narrow && end - start < narrow && start - path.end < near) {
      path.end = std::max(path.end, end);
      return;
    }
    path.flush();
    path.start = start;
    path.end = end;
    path.y = y;
    path.width = end - start;
  }
  std::string svg(double height) {
    std::string out;
    for (size_t state = 0; state < paths_.size(); ++state) {
      Path& path = paths_[state];
      path.flush();
      if (path.d.empty()) continue;
      // What got no answer is a thin line: it differs from the others without colour, too.
      const bool thin = state == static_cast<size_t>(ProbeState::silent);
      out.append("<path class=\"")
          .append(css_of(static_cast<ProbeState>(state)))
          .append("\" stroke-width=\"")
          .append(px(height * (thin ? 0.4 : 0.8)))
          .append("\" d=\"")
          .append(path.d)
          .append("\"/>");
    }
    return out;
  }

 private:
  struct Path {
    std::string d;
    double start = 0, end = 0, y = 0, width = 0;
    void flush() {
      if (width > 0) d += 'M' + px(start) + ' ' + px(y) + 'H' + px(end);
      width = 0;
    }
  };
  std::array<Path, 6> paths_;
};

std::string drawing(double height, std::string_view css, const std::string& label, const std::string& content) {
  return "<svg viewBox=\"0 0 1000 " + px(height) + "\" preserveAspectRatio=\"none\" class=\"" + std::string(css) +
         "\" style=\"height:" + px(height) + "px\" role=\"img\" aria-label=\"" + markup_text(label) + "\">" + content +
         "</svg>";
}

/// Round times, in seconds.
Axis time_axis(uint64_t axis_us) { return {0, static_cast<double>(axis_us) * 1e-6, false, 0, drawing_width}; }

std::string grid(uint64_t axis_us, double height) {
  const Axis axis = time_axis(axis_us);
  std::string out;
  for (const double tick : axis.ticks()) out += line_from(axis.at(tick), 0, axis.at(tick), height, "grid");
  return out;
}

/// When the threads of the loops ran callbacks; a row for each loop.
std::string turns_of(const RecordedRun& run, uint64_t axis_us, double& height) {
  std::string d;
  for (const RecordedTurn& turn : run.turns) {
    const double y = turns_height * (turn.loop + 0.5);
    height = std::max(height, turns_height * (turn.loop + 1.0));
    if (turn.start_us >= axis_us) continue;
    const double start = x_of(turn.start_us, axis_us), end = x_of(turn.end_us, axis_us);
    d += 'M' + px(start) + ' ' + px(y) + 'H' + px(std::max(end, start + 0.5));
  }
  return d.empty() ? "" : "<path class=\"bar turns\" stroke-width=\"5\" d=\"" + d + "\"/>";
}

std::string rows_of(const Entry& entry, const Lanes& lanes, uint64_t axis_us, bool many) {
  double top = 0;
  const std::string turns = turns_of(entry.recorded, axis_us, top);
  const double all_rows = many ? all_rows_height_of_many : all_rows_height;
  const double row_height =
      std::clamp(all_rows / static_cast<double>(lanes.rows.size()), min_row_height, max_row_height);
  BarPaths paths;
  for (size_t row = 0; row < lanes.rows.size(); ++row) {
    const double y = top + row_height * (static_cast<double>(row) + 0.5);
    for (const RecordedConnect& bar : lanes.rows[row].bars) {
      if (bar.start_us < axis_us) paths.add(bar.state, x_of(bar.start_us, axis_us), x_of(bar.end_us, axis_us), y);
    }
  }
  const double height = top + row_height * static_cast<double>(lanes.rows.size());
  return drawing(height, "lanes", entry.contender.name() + ": " + lanes_title(entry),
                 grid(axis_us, height) + turns + paths.svg(row_height));
}

std::string flight_of(const Entry& entry, uint64_t axis_us) {
  constexpr size_t columns = 500;
  constexpr double step = drawing_width / columns, room = 2;
  const uint32_t peak = std::max(1U, peak_in_flight(entry.recorded));
  std::string d = "M0 " + px(flight_height);
  uint32_t before = 0;
  const std::vector<uint32_t> counts = in_flight_columns(entry.recorded, axis_us, columns);
  for (size_t column = 0; column < columns; ++column) {
    if (counts[column] == before) continue;
    before = counts[column];
    d +=
        'H' + px(step * static_cast<double>(column)) + 'V' + px(flight_height - (flight_height - room) * before / peak);
  }
  d += "H1000V" + px(flight_height) + 'Z';
  return drawing(flight_height, "flight",
                 "connects in flight of " + entry.contender.name() + ", up to " + count_text(peak),
                 grid(axis_us, flight_height) + "<path class=\"area\" d=\"" + d + "\"/>");
}

std::string axis_labels(uint64_t axis_us) {
  const Axis axis = time_axis(axis_us);
  std::string out = "<div class=\"ticks\" aria-hidden=\"true\">";
  for (const double tick : axis.ticks()) {
    const double percent = axis.at(tick) * 100 / drawing_width;
    // Labels at the ends are kept within the figure.
    const std::string_view css = percent < 3 ? " class=\"first\"" : percent > 95 ? " class=\"last\"" : "";
    out.append("<span").append(css).append(" style=\"left:").append(px(percent)).append("%\">");
    out += markup_text(tick_text(duration_text(tick))) + "</span>";
  }
  return out + "</div>\n";
}

std::string legend(const std::vector<const Entry*>& entries) {
  std::string out = "<p class=\"heading\">";
  const auto key = [&out](std::string_view css, std::string_view text) {
    out.append("<span class=\"pair\"><svg class=\"sample\" viewBox=\"0 0 20 10\" aria-hidden=\"true\"><path class=\"")
        .append(css)
        .append("\" stroke-width=\"")
        .append(css == "bar silent"  ? "4"
                : css == "bar turns" ? "5"
                                     : "8")
        .append("\" d=\"M0 5H20\"/></svg>")
        .append(text)
        .append("</span> ");
  };
  for (const ProbeState state : outcomes_of(entries)) key(css_of(state), connect_outcome(state));
  if (std::any_of(entries.begin(), entries.end(), [](const Entry* entry) { return !entry->recorded.turns.empty(); }))
    key("bar turns", "the loop's thread runs callbacks");
  return out + "</p>\n";
}

}  // namespace

std::string lanes_figure(const Comparison& comparison) {
  const std::vector<const Entry*> entries = recorded_entries(comparison);
  if (entries.empty()) return "";
  const uint64_t axis_us = axis_end_us(entries);
  const bool many = entries.size() > few_models;
  const bool some_guests =
      std::any_of(entries.begin(), entries.end(), [](const Entry* entry) { return entry->contender.guest != nullptr; });
  std::string out = "<h2>Who waits when</h2>\n<p>Recorded: " + markup_text(lanes_subject(comparison)) +
                    " A row is a thread or a slot of a loop, a bar one connect; below each model, its connects in "
                    "flight. All models share one time axis." +
                    (some_guests ? " Of programs in other languages only the times are known: a connect is in the "
                                   "first row that is free."
                                 : "") +
                    "</p>\n<figure class=\"swim\">\n" + legend(entries);
  for (const Entry* entry : entries) {
    const Lanes lanes = lanes_of(*entry, many ? max_rows_of_many : max_rows);
    out += "<div class=\"model-lanes\"><h3>" + markup_text(entry->contender.name()) + "</h3><p class=\"heading\">" +
           markup_text(lanes_caption(*entry, lanes, axis_us)) + "</p>" + rows_of(*entry, lanes, axis_us, many) +
           flight_of(*entry, axis_us) + axis_labels(axis_us) + "</div>\n";
  }
  return out + "<figcaption>Time since the start of each run</figcaption></figure>\n";
}

}  // namespace portloop::compare
