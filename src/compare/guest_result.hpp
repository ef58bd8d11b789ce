// The text that a guest reads and the text that it writes, as described in guests/python/guest.py. Pure.
#pragma once

#include <string>
#include <string_view>

#include "compare/recorded_run.hpp"
#include "compare/run_record.hpp"
#include "core/spec_error.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// What all guests read: the probes in the order in which they are made.
std::string guest_request(const ModelScan& scan, uint32_t in_flight);

/// What a guest has written. The number in flight is the largest number of its connects whose times overlap; each of
/// them had a descriptor.
Parsed<RunRecord> read_guest_result(std::string_view text, const ModelScan& scan);

/// The same as a picture. A guest does not report in which thread a connect was: `thread` is the first row of the
/// picture that is free when it starts.
Parsed<RecordedRun> read_guest_recording(std::string_view text, const ModelScan& scan);

}  // namespace portloop::compare
