// What one run of one model measured, and how it gets from the run's process to the one that compares.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/model.hpp"

namespace portloop::compare {

struct RunRecord {
  uint64_t wall_us = 0;  ///< From before the first socket, thread or loop is made until all are gone.
  uint64_t user_us = 0;  ///< Processor time of the same span, all threads.
  uint64_t system_us = 0;
  uint64_t memory_kib = 0;  ///< Most resident memory of the process; the kernel's for sockets is not in it.
  uint64_t switches_voluntary = 0;
  uint64_t switches_involuntary = 0;
  uint64_t p50_us = 0, p95_us = 0, p99_us = 0;  ///< Of the connects that were answered.
  ModelRun model;
  std::vector<ProbeState> states;  ///< Of each probe, in address and port order.
};

/// The numbers by name, for whatever lists them all.
struct RecordField {
  std::string_view name;
  uint64_t RunRecord::*own;  ///< One of the two is set.
  uint64_t ModelRun::*models;

  uint64_t& in(RunRecord& record) const { return own != nullptr ? record.*own : record.model.*models; }
  uint64_t of(const RunRecord& record) const { return own != nullptr ? record.*own : record.model.*models; }
};
const std::array<RecordField, 15>& record_fields();

/// Lines of text; the verdicts are run-length coded.
std::string encode(const RunRecord& record);

/// Nothing where the text is not whole or not ours; `probes` is how many verdicts there must be.
std::optional<RunRecord> decode(std::string_view text, uint64_t probes);

}  // namespace portloop::compare
