// The recorded runs in the trace event format of Chrome, which Perfetto (ui.perfetto.dev) and chrome://tracing open.
// Pure functions.
#pragma once

#include <string>

#include "compare/comparison.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop::compare {

/// Each model is a process, and all start at time 0. A connect of a blocking model is a slice of its thread. The
/// connects of a loop are asynchronous slices, a track for each slot, because many overlap in one thread; the slices of
/// its thread are the turns of the loop. The connects in flight are a counter. A connect is named after its outcome, so
/// that outcomes differ in colour. Models without a recorded run are left out.
std::string trace_json(const Comparison& comparison, const TargetSet& targets, const PortSet& ports);

}  // namespace portloop::compare
