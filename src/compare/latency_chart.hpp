// The distribution of the times that connects took until they were answered, of the recorded runs.
#pragma once

#include "compare/chart.hpp"

namespace portloop::compare {

/// A step curve for each model; at most eight models, in the order of the table. Nothing was answered: no svg.
Chart latency_chart(const std::vector<const Entry*>& entries);

}  // namespace portloop::compare
