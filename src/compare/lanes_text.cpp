// The lanes for a terminal. A cell is filled by the outcome that most of its time belongs to, and dotted if connects
// take less than half of its time.
#include <algorithm>
#include <array>

#include "compare/lanes.hpp"
#include "compare/table.hpp"
#include "compare/words.hpp"

namespace portloop::compare {
namespace {

constexpr size_t max_rows = 8;
constexpr size_t label_columns = 11;
constexpr size_t max_loop_rows = 4;
// A bar this many cells long is separated from the one before it.
constexpr double separated_cells = 3;

struct Glyph {
  const char* utf8;
  const char* ascii;
  const char* colour;  ///< An SGR parameter.
};

const Glyph& glyph_of(ProbeState state) {
  static constexpr std::array<Glyph, 6> glyphs = {{
      {"?", "?", "31"},  // none
      {"█", "O", "32"},  // open
      {"▓", "#", "36"},  // closed
      {"▒", "%", "35"},  // filtered
      {"░", "-", "33"},  // silent
      {"?", "?", "31"},  // unknown
  }};
  return glyphs[static_cast<size_t>(state)];
}

class LaneWriter {
 public:
  LaneWriter(const LanesStyle& style, uint64_t axis_us)
      : style_(style), axis_us_(axis_us), columns_(style.columns - label_columns - 1) {}

  std::string row(const LaneRow& row) const;
  std::string turns(const RecordedRun& run, uint16_t loop) const;
  std::string in_flight(const RecordedRun& run) const;
  std::string axis() const;
  std::string legend(const std::vector<const Entry*>& entries) const;

 private:
  std::string labelled(const std::string& label, const std::string& cells) const;
  const char* shape(const Glyph& glyph) const { return style_.utf8 ? glyph.utf8 : glyph.ascii; }
  const char* partly() const { return style_.utf8 ? "·" : "."; }
  std::string coloured(const char* text, const char* colour) const {
    return style_.colour ? std::string("\x1b[") + colour + 'm' + text + "\x1b[0m" : text;
  }
  double cell_of(uint64_t us) const {
    return static_cast<double>(us) * static_cast<double>(columns_) / static_cast<double>(axis_us_);
  }
  /// Adds the time from `start_us` to `end_us` to the cells that it covers, in cells.
  template <class Cells>
  void cover(uint32_t start_us, uint32_t end_us, const Cells& add) const;

  const LanesStyle& style_;
  uint64_t axis_us_;
  size_t columns_;
};

template <class Cells>
void LaneWriter::cover(uint32_t start_us, uint32_t end_us, const Cells& add) const {
  const double start = cell_of(start_us), end = cell_of(end_us);
  for (auto cell = static_cast<size_t>(start); cell < columns_ && static_cast<double>(cell) <= end; ++cell) {
    const double at = static_cast<double>(cell);
    add(cell, std::max(std::min(end, at + 1) - std::max(start, at), 1e-6));  // visible, however short
  }
}

std::string LaneWriter::labelled(const std::string& label, const std::string& cells) const {
  std::string text = label + std::string(label_columns - std::min(label_columns, columns_of(label)), ' ') + cells;
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

std::string LaneWriter::row(const LaneRow& row) const {
  std::vector<std::array<double, 6>> cells(columns_);
  std::vector<bool> separated(columns_);
  double before = -1;
  for (const RecordedConnect& bar : row.bars) {
    cover(bar.start_us, bar.end_us,
          [&](size_t cell, double share) { cells[cell][static_cast<size_t>(bar.state)] += share; });
    const double start = cell_of(bar.start_us), end = cell_of(bar.end_us);
    if (start - before < 1 && before >= 0 && end - start >= separated_cells && start < static_cast<double>(columns_))
      separated[static_cast<size_t>(start)] = true;
    before = end;
  }
  std::string text;
  for (size_t cell = 0; cell < columns_; ++cell) {
    const auto most = std::max_element(cells[cell].begin(), cells[cell].end());
    double filled = 0;
    for (const double share : cells[cell]) filled += share;
    const Glyph& glyph = glyph_of(static_cast<ProbeState>(most - cells[cell].begin()));
    if (filled <= 0)
      text += ' ';
    else if (separated[cell])
      text += coloured(style_.utf8 ? "▏" : "|", glyph.colour);
    else
      text += coloured(filled < 0.5 ? partly() : shape(glyph), glyph.colour);
  }
  return labelled(row.name, text);
}

/// When the loop's thread ran callbacks; the rest of the time it waited.
std::string LaneWriter::turns(const RecordedRun& run, uint16_t loop) const {
  std::vector<double> cells(columns_);
  for (const RecordedTurn& turn : run.turns) {
    if (turn.loop == loop) cover(turn.start_us, turn.end_us, [&](size_t cell, double share) { cells[cell] += share; });
  }
  std::string text;
  for (const double filled : cells) text += filled <= 0 ? " " : filled < 0.5 ? partly() : style_.utf8 ? "▄" : "=";
  return labelled("loop " + std::to_string(loop + 1), text);
}

std::string LaneWriter::in_flight(const RecordedRun& run) const {
  static constexpr std::array<const char*, 8> heights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const uint32_t peak = peak_in_flight(run);
  std::string text;
  for (const uint32_t count : in_flight_columns(run, axis_us_, columns_)) {
    if (count == 0)
      text += ' ';
    else if (style_.utf8)
      text += heights[(uint64_t{count} * heights.size() - 1) / peak];
    else
      text += static_cast<char>('0' + (uint64_t{count} * 10 - 1) / peak);  // in tenths of the peak
  }
  return labelled("in flight", text);
}

std::string LaneWriter::axis() const {
  const double end_s = static_cast<double>(axis_us_) * 1e-6;
  const std::string middle = duration_text(end_s / 2), end = duration_text(end_s);
  std::string text = "0";
  text.resize(std::max(columns_ / 2 - std::min(columns_ / 2, columns_of(middle) / 2), text.size() + 1), ' ');
  text += middle;
  text += std::string(columns_ - std::min(columns_, columns_of(text) + columns_of(end)), ' ') + end;
  return labelled("", text);
}

std::string LaneWriter::legend(const std::vector<const Entry*>& entries) const {
  std::string text;
  size_t taken = 0;
  const auto add = [&](const std::string& key, std::string_view name) {
    const size_t needed = 1 + 1 + name.size();
    if (taken > 0 && taken + 3 + needed > style_.columns) {
      text += '\n';
      taken = 0;
    }
    text.append(taken > 0 ? "   " : "").append(key).append(" ").append(name);
    taken += (taken > 0 ? 3 : 0) + needed;
  };
  for (const ProbeState state : outcomes_of(entries))
    add(coloured(shape(glyph_of(state)), glyph_of(state).colour), connect_outcome(state));
  if (std::any_of(entries.begin(), entries.end(), [](const Entry* entry) { return !entry->recorded.turns.empty(); }))
    add(style_.utf8 ? "▄" : "=", "callbacks");
  add(partly(), "less than half");
  if (!style_.utf8) text += "\nin flight: in tenths of the maximum";
  return text + '\n';
}

}  // namespace

std::string lanes_text(const Comparison& comparison, const LanesStyle& style) {
  const std::vector<const Entry*> entries = recorded_entries(comparison);
  if (entries.empty()) return "";
  const uint64_t axis_us = axis_end_us(entries);
  const LaneWriter writer(style, axis_us);
  std::string text =
      paragraph({"Who waits when: " + lanes_subject(comparison)}, style.columns) + writer.legend(entries);
  for (const Entry* entry : entries) {
    const Lanes lanes = lanes_of(*entry, max_rows);
    text += '\n' + paragraph({entry->contender.name() + ": " + lanes_caption(*entry, lanes, axis_us)}, style.columns);
    if (!entry->recorded.turns.empty()) {
      for (uint32_t loop = 0; loop < std::min<size_t>(entry->contender.loops, max_loop_rows); ++loop)
        text += writer.turns(entry->recorded, static_cast<uint16_t>(loop));
    }
    for (const LaneRow& row : lanes.rows) text += writer.row(row);
    text += writer.in_flight(entry->recorded);
  }
  text += writer.axis();
  for (size_t at = text.find("µs"); !style.utf8 && at != std::string::npos; at = text.find("µs"))
    text.replace(at, std::string_view("µs").size(), "us");
  return text;
}

}  // namespace portloop::compare
