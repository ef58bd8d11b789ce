// The targets of a comparison.
#pragma once

#include "cli/compare/compare_options.hpp"
#include "cli/targets/target_list.hpp"
#include "core/target_set.hpp"

namespace portloop {

TargetList targets_of(const CompareRequest& request);

/// Returns whether all targets are in 127.0.0.0/8 or are ::1.
bool only_loopback(const TargetSet& targets);

}  // namespace portloop
