// What one run of one model measured, and the text form in which the run's process sends it to the comparing process.
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
  uint64_t wall_us = 0;  ///< From before the first socket, thread or loop is created until all are gone.
  uint64_t user_us = 0;  ///< Processor time of all threads during wall_us.
  uint64_t system_us = 0;
  uint64_t memory_kib = 0;  ///< Peak resident memory of the process, without the kernel's memory for sockets.
  uint64_t switches_voluntary = 0;
  uint64_t switches_involuntary = 0;
  uint64_t p50_us = 0, p95_us = 0, p99_us = 0;  ///< Latency of the connects that were answered.
  uint64_t run_delay_us = 0;                    ///< How long the calling thread was ready to run but had no processor.
  // Set by the comparing process, 0 without a lab:
  uint64_t lab_answers = 0;  ///< Packets that the lab sent.
  uint64_t lab_late = 0;     ///< Of those, packets that it sent late.
  uint64_t lab_dropped = 0;  ///< Packets that the lab was too slow to take, or could not send.
  ModelRun model;
  std::vector<ProbeState> states;  ///< One for each probe, in address and port order.

  /// Sets the percentiles, from the latency of each connect that was answered.
  void set_latencies(std::vector<uint32_t> latencies_us);
};

/// All numbers of a RunRecord by name.
struct RecordField {
  std::string_view name;
  uint64_t RunRecord::*own;  ///< One of the two is not nullptr.
  uint64_t ModelRun::*models;

  uint64_t& in(RunRecord& record) const { return own != nullptr ? record.*own : record.model.*models; }
  uint64_t of(const RunRecord& record) const { return own != nullptr ? record.*own : record.model.*models; }
};
const std::array<RecordField, 19>& record_fields();

/// Returns lines of text; the states are run-length encoded.
std::string encode(const RunRecord& record);

/// Returns nullopt if `text` was not written by encode(), is truncated, or does not have `probes` states.
std::optional<RunRecord> decode(std::string_view text, uint64_t probes);

}  // namespace portloop::compare
