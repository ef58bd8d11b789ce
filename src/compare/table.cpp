#include "compare/table.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>

#include "output/folded_text.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

constexpr size_t min_name_columns = 21;

template <class... Numbers>
std::string format(const char* text, Numbers... numbers) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, text, numbers...);
  return buffer;
}

/// Three significant digits, so that no number is more precise than the measurement.
std::string digits(double number) {
  if (number >= 99.95) return format("%.0f", number);
  return format(number >= 9.995 ? "%.1f" : "%.2f", number);
}

/// Formats `number` with as many decimals as digits() gives `like`: a spread is no more precise than its mean.
std::string digits_like(double number, double like) {
  return format(like >= 99.95 ? "%.0f" : like >= 9.995 ? "%.1f" : "%.2f", number);
}

/// A ratio or a bound of its interval.
std::string bound_text(double number, double like) {
  return number < 99'999.5 ? digits_like(number, like) : format("%.0e", number);
}

std::string without_trailing_space(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

struct TimeUnit {
  const char* name;
  double seconds;
};

TimeUnit unit_for(double seconds) {
  if (seconds < 0.9995e-3) return {"µs", 1e-6};
  if (seconds < 0.9995) return {"ms", 1e-3};
  if (seconds < 600) return {"s", 1};
  return {"min", 60};
}

/// At most six columns, for the table of costs.
std::string short_duration(double seconds) {
  if (seconds <= 0) return "0";
  const TimeUnit unit = unit_for(seconds);
  return digits(seconds / unit.seconds) + unit.name;
}

std::string short_count(double number) {
  if (number < 9999.5) return format("%.0f", number);
  if (number < 999.5e3) return digits(number / 1e3) + 'k';
  return digits(number / 1e6) + 'M';
}

std::string short_memory(double kib) {
  const double mib = kib / 1024;
  return mib < 999.5 ? digits(mib) + 'M' : digits(mib / 1024) + 'G';
}

/// A bar in eighths of a column, so that small differences are visible.
std::string bar(double share, size_t columns) {
  static constexpr std::array<const char*, 8> part = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns) * 8));
  std::string text;
  for (size_t i = 0; i < eighths / 8; ++i) text += "█";
  text += part[eighths % 8];
  return text.empty() ? part[1] : text;
}

/// A column of numbers. If the table is too wide, those with the lowest `importance` are left out first; 0: never.
struct Column {
  std::string heading;
  size_t columns;
  unsigned importance;
  std::function<std::string(const Entry&)> cell;
};

/// Removes columns until the others take at most `columns`. Returns the headings of those that were removed.
std::vector<std::string> leave_out(std::vector<Column>& table, size_t columns) {
  std::vector<std::string> removed;
  const auto width = [&] {
    return std::accumulate(table.begin(), table.end(), size_t{0},
                           [](size_t sum, const Column& column) { return sum + column.columns; });
  };
  const auto rank = [](const Column& column) { return column.importance == 0 ? UINT_MAX : column.importance; };
  while (width() > columns) {
    const auto least = std::min_element(table.begin(), table.end(),
                                        [&](const Column& a, const Column& b) { return rank(a) < rank(b); });
    if (least == table.end() || least->importance == 0) break;
    removed.push_back(least->heading);
    table.erase(least);
  }
  return removed;
}

std::string row_text(std::string line, const std::vector<Column>& table, const Entry& entry) {
  for (const Column& column : table) line += right(column.cell(entry), column.columns);
  return line;
}

std::string headings_text(std::string line, const std::vector<Column>& table) {
  for (const Column& column : table) line += right(column.heading, column.columns);
  return line;
}

std::string left_out_text(const std::vector<std::string>& headings, const char* why, size_t columns) {
  if (headings.empty()) return "";
  std::string text = std::string(why) + ": " + headings.front();
  for (size_t i = 1; i < headings.size(); ++i) text += ", " + headings[i];
  return folded(text, columns) + '\n';
}

Column answers_column(const Comparison& comparison, const char* heading, size_t columns, uint64_t Correctness::*number,
                      unsigned importance) {
  const bool all_zero = std::all_of(comparison.entries.begin(), comparison.entries.end(),
                                    [&](const Entry& entry) { return entry.correctness.*number == 0; });
  return {heading, columns, all_zero ? importance : 0,
          [number](const Entry& entry) { return short_count(static_cast<double>(entry.correctness.*number)); }};
}

std::string answers_table(const Comparison& comparison, size_t table_width) {
  const std::vector<const Entry*> entries = comparison.ranked();
  const size_t name_columns = name_columns_of(comparison);
  size_t wall_columns = 9, ratio_columns = 16;
  double max_wall_s = 0;
  for (const Entry* entry : entries) {
    wall_columns = std::max(wall_columns, columns_of(spread_text(entry->wall_s)));
    ratio_columns = std::max(ratio_columns, columns_of(ratio_cell(entry->to_fastest)));
    max_wall_s = std::max(max_wall_s, entry->wall_s.mean);
  }
  // A column in which every model has a zero can be left out.
  std::vector<Column> numbers = {answers_column(comparison, "found", 6, &Correctness::found, 0),
                                 answers_column(comparison, "missed", 7, &Correctness::missed, 4),
                                 answers_column(comparison, "false", 6, &Correctness::wrongly_open, 3),
                                 answers_column(comparison, "unkn.", 6, &Correctness::unknown, 2),
                                 answers_column(comparison, "misj.", 6, &Correctness::misjudged, 1)};
  const size_t around = 3 + name_columns + 2 + wall_columns + 1 + 1 + ratio_columns;
  constexpr size_t min_bar_columns = 4;
  const size_t for_numbers = table_width - std::min(table_width, around + min_bar_columns);
  const std::vector<std::string> left_out = leave_out(numbers, for_numbers);
  size_t fixed = around;
  for (const Column& column : numbers) fixed += column.columns;
  const size_t bar_columns = fixed > table_width && table_width < table_columns
                                 ? 0
                                 : table_width - std::min(table_width - min_bar_columns, fixed);
  std::string text = headings_text("   " + left("model", name_columns), numbers) + "  " +
                     left("wall time", wall_columns) + ' ' + left("", bar_columns) + " x fastest [95 %]\n";
  for (const Entry* entry : entries) {
    std::string line =
        right(entry->rank ? std::to_string(*entry->rank) : "-", 2) + ' ' + left(entry->contender.name(), name_columns);
    if (entry->runs.empty()) {
      text += without_trailing_space(line + "  no run: " + (entry->failure.empty() ? "interrupted" : entry->failure));
      continue;
    }
    line = row_text(line, numbers, *entry);
    line += "  " + left(spread_text(entry->wall_s), wall_columns) + ' ';
    if (bar_columns > 0) line += left(bar(entry->wall_s.mean / max_wall_s, bar_columns), bar_columns);
    line += ' ';
    if (comparison.fastest() != nullptr) line += ratio_cell(entry->to_fastest);
    text += without_trailing_space(line);
  }
  return text + left_out_text(left_out, "0 for every model", table_width);
}

std::string cost_table(const Comparison& comparison, size_t table_width) {
  const size_t name_columns = name_columns_of(comparison);
  const auto count_of = [](auto field) {
    return [field](const Entry& entry) { return short_count(entry.median(field)); };
  };
  const auto latency_of = [](auto field) {
    return [field](const Entry& entry) { return short_duration(entry.median(field) * 1e-6); };
  };
  std::vector<Column> numbers = {
      {"user", 7, 0, [](const Entry& entry) { return short_duration(entry.user_s.median); }},
      {"system", 7, 0, [](const Entry& entry) { return short_duration(entry.system_s.median); }},
      {"memory", 7, 0, [](const Entry& entry) { return short_memory(entry.median(&RunRecord::memory_kib)); }},
      {"thr.", 6, 7, count_of(&ModelRun::peak_threads)},
      {"desc.", 6, 4, count_of(&ModelRun::peak_descriptors)},
      {"switch", 7, 3,
       [](const Entry& entry) {
         return short_count(entry.median(&RunRecord::switches_voluntary) +
                            entry.median(&RunRecord::switches_involuntary));
       }},
      {"flight", 7, 5, count_of(&ModelRun::peak_in_flight)},
      {"conn/s", 7, 8,
       [](const Entry& entry) {
         return short_count(entry.median(&ModelRun::connects) / std::max(entry.wall_s.median, 1e-9));
       }},
      {"p50", 7, 6, latency_of(&RunRecord::p50_us)},
      {"p95", 7, 1, latency_of(&RunRecord::p95_us)},
      {"p99", 7, 2, latency_of(&RunRecord::p99_us)}};
  std::vector<std::string> left_out;
  if (table_width < table_columns) left_out = leave_out(numbers, table_width - std::min(table_width, name_columns));
  std::string text = headings_text(left("costs, medians", name_columns), numbers) + '\n';
  for (const Entry* entry : comparison.ranked()) {
    if (!entry->runs.empty()) text += row_text(left(entry->contender.name(), name_columns), numbers, *entry) + '\n';
  }
  return text + left_out_text(left_out, "A wider terminal also shows", table_width);
}

}  // namespace

std::string left(const std::string& text, size_t columns) {
  return text + std::string(columns - std::min(columns, columns_of(text)), ' ');
}
std::string right(const std::string& text, size_t columns) {
  return std::string(columns - std::min(columns, columns_of(text)), ' ') + text;
}

size_t name_columns_of(const Comparison& comparison) {
  size_t columns = min_name_columns;
  for (const Entry& entry : comparison.entries) columns = std::max(columns, columns_of(entry.contender.name()));
  return columns;
}

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string duration_text(double seconds) {
  if (seconds <= 0) return "0";
  const TimeUnit unit = unit_for(seconds);
  return digits(seconds / unit.seconds) + ' ' + unit.name;
}

std::string memory_text(double kib) {
  const double mib = kib / 1024;
  if (mib <= 0) return "0";
  return mib < 999.5 ? digits(mib) + " MiB" : digits(mib / 1024) + " GiB";
}

std::string count_text(double number) { return grouped(static_cast<uint64_t>(std::llrint(number))); }

std::string spread_text(const Summary& seconds) {
  if (seconds.deviation <= 0) return duration_text(seconds.mean);
  const TimeUnit unit = unit_for(seconds.mean);
  const double mean = seconds.mean / unit.seconds;
  return digits(mean) + " ± " + digits_like(seconds.deviation / unit.seconds, mean) + ' ' + unit.name;
}

namespace {

/// Wider than this on a side, an interval shows only that there are too few runs: two of them have one degree of
/// freedom, and a factor of 12.7 in Student's t.
bool is_too_wide(const Ratio& ratio) {
  constexpr double max_width_factor = 10;
  return ratio.low * max_width_factor < ratio.value || ratio.high > ratio.value * max_width_factor;
}

}  // namespace

std::string ratio_text(const Ratio& ratio) {
  const std::string value = bound_text(ratio.value, ratio.value);
  if (!ratio.has_interval()) return value;
  if (is_too_wide(ratio)) return value + 'x';
  return value + "x [" + bound_text(ratio.low, ratio.value) + '-' + bound_text(ratio.high, ratio.value) + ']';
}

std::string ratio_cell(const Ratio& ratio) {
  const bool too_wide = ratio.has_interval() && is_too_wide(ratio);
  return ratio_text(ratio) + (too_wide ? " [too few runs]" : "");
}

std::string late_text(const Entry& entry) {
  const std::optional<double> share = entry.late_share();
  return share ? format("%.1f %%", *share * 100) : "-";
}

std::string table_text(const Comparison& comparison, size_t columns) {
  return answers_table(comparison, columns) + '\n' + cost_table(comparison, columns);
}

}  // namespace portloop::compare
