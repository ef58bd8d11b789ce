// How well the lab kept up with a run: the line of counters that portloop-lab prints at its end.
#pragma once

#include <string_view>

#include "compare/run_record.hpp"

namespace portloop::compare {

/// Finds the counters in what portloop-lab wrote to standard error and sets the record's lab_ members. Returns false if
/// there are none.
bool read_lab_load(std::string_view errors, RunRecord& record);

}  // namespace portloop::compare
