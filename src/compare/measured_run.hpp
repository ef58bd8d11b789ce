// One run of one model in this process, measured.
#pragma once

#include <string>

#include "compare/contender.hpp"
#include "compare/run_record.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// Call it only once in a process, because it records the process's peak memory. Sets `error` if the model could not
/// run.
RunRecord measure_run(const ModelScan& scan, const Contender& contender, uint64_t seed, Order order,
                      std::string& error);

}  // namespace portloop::compare
