#include "compare/words_parts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compare/table.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {

std::string percent(double share) {
  char text[16];
  // Rounded down above 99 %: 99.96 % is not 100 %.
  const double value = share * 100;
  std::snprintf(text, sizeof text, value > 99 && value < 100 ? "%.1f %%" : "%.0f %%",
                value > 99 ? std::floor(value * 10) / 10 : value);
  return text;
}

std::string counted(uint64_t count, const char* what) { return grouped(count) + ' ' + what + (count == 1 ? "" : "s"); }

std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

std::string about(double ratio) { return ratio_text({ratio, ratio, ratio, 0}); }

Entries with_runs(const Comparison& comparison) {
  Entries entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return entry->runs.empty(); });
  return entries;
}

Entries with_rank(const Comparison& comparison) {
  Entries entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return !entry->rank; });
  return entries;
}

uint64_t max_of(const Entry& entry, uint64_t ModelRun::*field) {
  uint64_t highest = 0;
  for (const RunRecord& run : entry.runs) highest = std::max(highest, run.model.*field);
  return highest;
}

}  // namespace portloop::compare
