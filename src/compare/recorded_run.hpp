// A recorded run of a model: when each connect started and ended, and who waited for it. Values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/recording.hpp"

namespace portloop::compare {

/// A recorded run makes the first probes of the order, at most this many,
constexpr uint64_t max_recorded_probes = 4096;
/// and starts none after this time: the models that wait one after the other may need hours.
constexpr uint32_t max_recorded_ms = 10'000;

struct RecordedRun {
  uint64_t wall_us = 0;
  uint64_t left_out = 0;                  ///< Connects for which there was no room.
  std::vector<RecordedConnect> connects;  ///< By start.
  std::vector<RecordedTurn> turns;        ///< By start; empty unless the model is a loop.
  friend bool operator==(const RecordedRun&, const RecordedRun&) = default;
};

/// "open", "closed", "filtered", "no answer", "repeated" (it proved nothing: it failed here, or was inconclusive) or
/// "cut off" (the run ended before it).
std::string_view connect_outcome(ProbeState state);

/// Sorts the lists.
RecordedRun recorded_run(const Recording& recording, uint64_t wall_us);

/// Connects in flight from `at_us` on.
struct InFlightPoint {
  uint32_t at_us;
  uint32_t connects;
};
/// In order of time. A connect that ends in the microsecond in which another one starts has ended before it.
std::vector<InFlightPoint> in_flight_curve(const RecordedRun& run);
uint32_t peak_in_flight(const RecordedRun& run);

/// Returns lines of text.
std::string encode(const RecordedRun& run);

/// Returns nullopt if `text` was not written by encode(), or is truncated.
std::optional<RecordedRun> decode_recorded(std::string_view text);

}  // namespace portloop::compare
