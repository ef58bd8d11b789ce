#include "compare/lanes.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "compare/table.hpp"
#include "compare/words_parts.hpp"
#include "output/grouped.hpp"

namespace portloop::compare {
namespace {

// Runs up to this many times as long as the shortest one still leave it large enough to see.
constexpr uint64_t max_times_shortest = 8;
// If all others are longer than that, the shortest one takes a quarter of the axis.
constexpr uint64_t times_shortest_if_cut = 4;

std::string name_of_row(const Contender& contender, const RecordedConnect& connect) {
  const std::string thread = std::to_string(connect.thread + 1), slot = std::to_string(connect.slot + 1);
  if (contender.guest != nullptr) return "row " + thread;
  if (!contender.is_loop()) return "thread " + thread;
  return "slot " + (contender.loops == 1 ? slot : thread + '.' + slot);
}

/// One row for each thread or slot.
std::vector<LaneRow> own_rows(const Entry& entry) {
  std::map<std::pair<uint16_t, uint16_t>, LaneRow> rows;
  for (const RecordedConnect& connect : entry.recorded.connects) {
    LaneRow& row = rows[{connect.thread, connect.slot}];
    if (row.bars.empty()) row.name = name_of_row(entry.contender, connect);
    row.bars.push_back(connect);
  }
  std::vector<LaneRow> all;
  for (auto& [key, row] : rows) all.push_back(std::move(row));
  return all;
}

/// Each connect in the first row that is free: as many rows as connects are in flight at once.
std::vector<LaneRow> shared_rows(const RecordedRun& run) {
  std::vector<LaneRow> rows;
  for (const RecordedConnect& connect : run.connects) {
    const auto free = std::find_if(rows.begin(), rows.end(),
                                   [&](const LaneRow& row) { return row.bars.back().end_us <= connect.start_us; });
    if (free != rows.end()) {
      free->bars.push_back(connect);
      continue;
    }
    rows.push_back({"row " + std::to_string(rows.size() + 1), {connect}});
  }
  return rows;
}

std::vector<LaneRow> sampled(std::vector<LaneRow> rows, size_t max_rows) {
  std::vector<LaneRow> some;
  for (size_t i = 0; i < max_rows; ++i) some.push_back(std::move(rows[i * rows.size() / max_rows]));
  return some;
}

size_t threads_of(const RecordedRun& run) {
  std::vector<uint16_t> threads;
  for (const RecordedConnect& connect : run.connects) threads.push_back(connect.thread);
  std::sort(threads.begin(), threads.end());
  return static_cast<size_t>(std::unique(threads.begin(), threads.end()) - threads.begin());
}

}  // namespace

Lanes lanes_of(const Entry& entry, size_t max_rows) {
  Lanes lanes{own_rows(entry), ""};
  const std::string kind = entry.contender.guest != nullptr ? "rows" : entry.contender.is_loop() ? "slots" : "threads";
  const std::string all = grouped(lanes.rows.size()) + ' ' + kind;
  if (lanes.rows.size() <= max_rows) return lanes;
  if (entry.contender.kind != ModelKind::thread_per_connection) {
    lanes.rows = sampled(std::move(lanes.rows), max_rows);
    lanes.note = grouped(max_rows) + " of " + all + " are shown.";
    return lanes;
  }
  // A thread makes one connect and is gone.
  lanes.rows = shared_rows(entry.recorded);
  lanes.note = "The " + all + " share " + grouped(lanes.rows.size()) + " rows";
  if (lanes.rows.size() > max_rows) {
    lanes.rows = sampled(std::move(lanes.rows), max_rows);
    lanes.note += ", of which " + grouped(max_rows) + " are shown";
  }
  lanes.note += '.';
  return lanes;
}

std::string lanes_title(const Entry& entry) {
  const RecordedRun& run = entry.recorded;
  std::string text = counted(run.connects.size(), "connect");
  if (entry.contender.guest == nullptr)
    text += " of " + counted(threads_of(run), entry.contender.is_loop() ? "loop" : "thread");
  text += ", up to " + grouped(peak_in_flight(run)) + " at once, in " +
          duration_text(static_cast<double>(run.wall_us) * 1e-6);
  if (entry.contender.guest == nullptr && run.wall_us >= uint64_t{max_recorded_ms} * 1000)
    text += ", after which recording ended";
  if (run.left_out > 0) text += "; " + grouped(run.left_out) + " more were not recorded";
  return text;
}

std::string lanes_caption(const Entry& entry, const Lanes& lanes, uint64_t axis_us) {
  std::string text = lanes_title(entry) + '.';
  if (entry.recorded.wall_us > axis_us) text += " It goes on beyond the axis.";
  return lanes.note.empty() ? text : text + ' ' + lanes.note;
}

std::string lanes_subject(const Comparison& comparison) {
  const uint64_t probes = comparison.setup.probes;
  return (probes > max_recorded_probes ? "the first " + grouped(max_recorded_probes) + " probes"
                                       : counted(probes, "probe")) +
         " in one more run of each model, which was not measured.";
}

std::vector<ProbeState> outcomes_of(const std::vector<const Entry*>& entries) {
  std::set<ProbeState> found;
  for (const Entry* entry : entries) {
    for (const RecordedConnect& connect : entry->recorded.connects) found.insert(connect.state);
  }
  std::vector<ProbeState> outcomes = {ProbeState::open,   ProbeState::closed,  ProbeState::filtered,
                                      ProbeState::silent, ProbeState::unknown, ProbeState::none};
  std::erase_if(outcomes, [&found](ProbeState state) { return !found.contains(state); });
  return outcomes;
}

std::vector<const Entry*> recorded_entries(const Comparison& comparison) {
  std::vector<const Entry*> entries = comparison.ranked();
  std::erase_if(entries, [](const Entry* entry) { return entry->recorded.connects.empty(); });
  return entries;
}

uint64_t axis_end_us(const std::vector<const Entry*>& entries) {
  uint64_t min_us = UINT64_MAX, max_us = 0, end = 0;
  for (const Entry* entry : entries) {
    min_us = std::min(min_us, entry->recorded.wall_us);
    max_us = std::max(max_us, entry->recorded.wall_us);
  }
  min_us = std::max<uint64_t>(min_us, 1);
  for (const Entry* entry : entries) {
    if (entry->recorded.wall_us <= max_times_shortest * min_us) end = std::max(end, entry->recorded.wall_us);
  }
  return std::max<uint64_t>({end, std::min(max_us, times_shortest_if_cut * min_us), 1});
}

std::vector<uint32_t> in_flight_columns(const RecordedRun& run, uint64_t axis_us, size_t columns) {
  std::vector<uint32_t> peaks(columns, 0);
  const auto column_of = [&](uint64_t at_us) { return static_cast<size_t>(at_us * columns / axis_us); };
  uint32_t now = 0;
  size_t column = 0;
  for (const InFlightPoint& point : in_flight_curve(run)) {
    const size_t next = std::min(column_of(point.at_us), columns);
    for (; column < next; ++column) peaks[column] = std::max(peaks[column], now);
    if (next == columns) break;
    // What was in flight until the first moment of a column was not in flight in it.
    const bool before_counts = uint64_t{point.at_us} * columns > next * axis_us;
    if (before_counts || point.connects > now)
      peaks[next] = std::max({peaks[next], before_counts ? now : 0, point.connects});
    now = point.connects;
  }
  for (; now > 0 && column < columns; ++column) peaks[column] = std::max(peaks[column], now);
  return peaks;
}

}  // namespace portloop::compare
