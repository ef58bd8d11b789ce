// One run of one model in this process, measured or recorded.
#pragma once

#include <string>

#include "compare/contender.hpp"
#include "compare/recorded_run.hpp"
#include "compare/run_record.hpp"
#include "models/model.hpp"

namespace portloop::compare {

/// Call it only once in a process, because it records the process's peak memory. Sets `error` if the model could not
/// run.
RunRecord measure_run(const ModelScan& scan, const Contender& contender, uint64_t seed, Order order,
                      std::string& error);

/// Records a run of the first probes of the order, and measures nothing: recording takes time. Sets `error` as above.
RecordedRun record_run(const ModelScan& scan, const Contender& contender, uint64_t seed, Order order,
                       std::string& error);

}  // namespace portloop::compare
