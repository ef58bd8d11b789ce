// The reactor as a model: through the public C API, like any other embedder.
#pragma once

#include "compare/contender.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// With fixed timing, as the other models have: every connect waits the whole timeout, the window is
/// contender.in_flight from the start. Answers 0, or the libuv code why it could not run.
/// `stop_at_first_answer` ends the scan as soon as anything but silence is known.
int run_loops(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
              ModelRun& run, bool stop_at_first_answer = false);

}  // namespace portloop::compare
