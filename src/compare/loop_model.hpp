// The reactor as a model: through the public C API, like any other embedder.
#pragma once

#include <csignal>

#include "compare/contender.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// With fixed timing, as the other models have: every connect waits the whole timeout, the window is
/// contender.in_flight from the start. Answers 0, or the libuv code why it could not run.
int run_loops(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
              ModelRun& run);

/// The same scan, not measured, and ended as soon as anything but silence is known or `stop` is set.
int run_until_answer(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
                     const volatile std::sig_atomic_t& stop);

}  // namespace portloop::compare
