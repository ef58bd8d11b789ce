// The speed of every combination of loops and connects in flight, of a comparison with --cross.
#pragma once

#include "compare/chart.hpp"

namespace portloop::compare {

/// Only if each of at least two loop counts was run with each of at least two numbers in flight; otherwise no svg.
Chart heat_map(const std::vector<const Entry*>& entries, uint64_t probes);

}  // namespace portloop::compare
