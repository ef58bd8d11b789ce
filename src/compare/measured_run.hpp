// One run of one model in this process, measured.
#pragma once

#include <string>

#include "compare/contender.hpp"
#include "compare/run_record.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// Call it once in a process: memory is the process's peak. `error` is set where the model could not run.
RunRecord measure_run(const ModelScan& scan, const Contender& contender, uint64_t seed, Order order,
                      std::string& error);

}  // namespace portloop::compare
