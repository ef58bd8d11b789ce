// portloop's own scanner as a model, used through the public C API like any embedder does. Only a recorded run puts a
// connector of ours around the scanner's.
#pragma once

#include <csignal>

#include "compare/contender.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// Runs with fixed timing, like the other models: every connect waits the whole timeout, and contender.in_flight
/// connects may be in flight from the start. Returns 0 or a negative libuv code.
int run_loops(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
              ModelRun& run);

/// Makes the same scan without measuring it, and ends it at the first result that is not silence, or when `stop` is
/// set.
int run_until_answer(const ModelScan& scan, VerdictSheet& sheet, const Contender& contender, uint64_t seed, Order order,
                     const volatile std::sig_atomic_t& stop);

}  // namespace portloop::compare
