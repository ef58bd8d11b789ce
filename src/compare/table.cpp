#include "compare/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

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

/// A ratio or a bound of its interval. Two runs may prove so little that a bound has many digits.
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

std::string answers_table(const Comparison& comparison) {
  const std::vector<const Entry*> entries = comparison.ranked();
  const size_t name_columns = name_columns_of(comparison);
  size_t wall_columns = 9, ratio_columns = 16;
  double max_wall_s = 0;
  for (const Entry* entry : entries) {
    wall_columns = std::max(wall_columns, columns_of(spread_text(entry->wall_s)));
    ratio_columns = std::max(ratio_columns, columns_of(ratio_text(entry->to_fastest)));
    max_wall_s = std::max(max_wall_s, entry->wall_s.mean);
  }
  const size_t fixed = 3 + name_columns + 6 + 7 + 6 + 6 + 6 + 2 + wall_columns + 1 + 1 + ratio_columns;
  const size_t bar_columns = table_columns - std::min(table_columns - 4, fixed);
  std::string text = "   " + left("model", name_columns) + right("found", 6) + right("missed", 7) + right("false", 6) +
                     right("unkn.", 6) + right("misj.", 6) + "  " + left("wall time", wall_columns) + ' ' +
                     left("", bar_columns) + " x fastest [95 %]\n";
  for (const Entry* entry : entries) {
    const Correctness& c = entry->correctness;
    std::string line =
        right(entry->rank ? std::to_string(*entry->rank) : "-", 2) + ' ' + left(entry->contender.name(), name_columns);
    if (entry->runs.empty()) {
      text += without_trailing_space(line + "  no run: " + (entry->failure.empty() ? "interrupted" : entry->failure));
      continue;
    }
    line += right(short_count(static_cast<double>(c.found)), 6) + right(short_count(static_cast<double>(c.missed)), 7) +
            right(short_count(static_cast<double>(c.wrongly_open)), 6) +
            right(short_count(static_cast<double>(c.unknown)), 6) +
            right(short_count(static_cast<double>(c.misjudged)), 6);
    line += "  " + left(spread_text(entry->wall_s), wall_columns) + ' ' +
            left(bar(entry->wall_s.mean / max_wall_s, bar_columns), bar_columns) + ' ';
    if (comparison.fastest() != nullptr) line += ratio_text(entry->to_fastest);
    text += without_trailing_space(line);
  }
  return text;
}

std::string cost_table(const Comparison& comparison) {
  const size_t name_columns = name_columns_of(comparison);
  std::string text = left("costs, medians", name_columns) + right("user", 7) + right("system", 7) + right("memory", 7) +
                     right("thr.", 6) + right("desc.", 6) + right("switch", 7) + right("flight", 7) +
                     right("conn/s", 7) + right("p50", 7) + right("p95", 7) + right("p99", 7) + '\n';
  for (const Entry* entry : comparison.ranked()) {
    if (entry->runs.empty()) continue;
    const double switches =
        entry->median(&RunRecord::switches_voluntary) + entry->median(&RunRecord::switches_involuntary);
    const double connects_per_s = entry->median(&ModelRun::connects) / std::max(entry->wall_s.median, 1e-9);
    text += left(entry->contender.name(), name_columns) + right(short_duration(entry->user_s.median), 7) +
            right(short_duration(entry->system_s.median), 7) +
            right(short_memory(entry->median(&RunRecord::memory_kib)), 7) +
            right(short_count(entry->median(&ModelRun::peak_threads)), 6) +
            right(short_count(entry->median(&ModelRun::peak_descriptors)), 6) + right(short_count(switches), 7) +
            right(short_count(entry->median(&ModelRun::peak_in_flight)), 7) + right(short_count(connects_per_s), 7) +
            right(short_duration(entry->median(&RunRecord::p50_us) * 1e-6), 7) +
            right(short_duration(entry->median(&RunRecord::p95_us) * 1e-6), 7) +
            right(short_duration(entry->median(&RunRecord::p99_us) * 1e-6), 7) + '\n';
  }
  return text;
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

std::string ratio_text(const Ratio& ratio) {
  if (!ratio.has_interval()) return bound_text(ratio.value, ratio.value);
  return bound_text(ratio.value, ratio.value) + "x [" + bound_text(ratio.low, ratio.value) + '-' +
         bound_text(ratio.high, ratio.value) + ']';
}

std::string late_text(const Entry& entry) {
  const std::optional<double> share = entry.late_share();
  return share ? format("%.1f %%", *share * 100) : "-";
}

std::string table_text(const Comparison& comparison) {
  return answers_table(comparison) + '\n' + cost_table(comparison);
}

}  // namespace portloop::compare
