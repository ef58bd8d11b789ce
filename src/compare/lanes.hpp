// Swim lanes: who waits when. A row for each thread or slot with a bar for each of its connects, all models on one time
// axis. Pure functions; lanes_text.cpp draws them for a terminal and lanes_page.cpp for the page.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

struct LaneRow {
  std::string name;                   ///< "thread 3", "slot 17", "slot 2.17" of the second loop, "row 5".
  std::vector<RecordedConnect> bars;  ///< By start; they do not overlap.
};

struct Lanes {
  std::vector<LaneRow> rows;
  std::string note;  ///< A sentence about what the rows are, if they are not simply all threads or slots; or empty.
};

/// Returns at most `max_rows` rows. More threads or slots than that share rows, if there are few connects at a time;
/// otherwise only some of them are shown.
Lanes lanes_of(const Entry& entry, size_t max_rows);

/// "300 connects of 50 threads, up to 50 at once, in 252 ms".
std::string lanes_title(const Entry& entry);

/// The title, whether the run goes on beyond the axis, and the note of the lanes: sentences.
std::string lanes_caption(const Entry& entry, const Lanes& lanes, uint64_t axis_us);

/// "300 probes in one more run of each model, which was not measured.": what all lanes have in common.
std::string lanes_subject(const Comparison& comparison);

/// The outcomes of the recorded connects, in the order of a legend.
std::vector<ProbeState> outcomes_of(const std::vector<const Entry*>& entries);

/// Those with a recorded run, in the order of the table.
std::vector<const Entry*> recorded_entries(const Comparison& comparison);

/// The end of the axis. It includes all runs, unless some would leave the others too small to see: those go beyond it.
uint64_t axis_end_us(const std::vector<const Entry*>& entries);

/// The largest number in flight in each of `columns` equal parts of the axis.
std::vector<uint32_t> in_flight_columns(const RecordedRun& run, uint64_t axis_us, size_t columns);

struct LanesStyle {
  size_t columns = 80;
  bool utf8 = true;     ///< Otherwise plain ASCII.
  bool colour = false;  ///< With escape sequences.
};
/// The lanes for a terminal; no line has more than `columns` columns, which are at least 40.
std::string lanes_text(const Comparison& comparison, const LanesStyle& style);

/// The figure for the page; empty if there is no recorded run.
std::string lanes_figure(const Comparison& comparison);

}  // namespace portloop::compare
