// What portloop compare needs to measure inside portloop-lab's network.
#pragma once

#include <string>

#include "cli/compare/compare_options.hpp"
#include "cli/targets/target_list.hpp"
#include "core/target_set.hpp"

namespace portloop {

TargetList targets_of(const CompareRequest& request);

/// Returns whether all targets are in 127.0.0.0/8 or are ::1.
bool only_loopback(const TargetSet& targets);

/// Throws UsageError if an address is this machine's own. A lab's ground truth does not contain these addresses: inside
/// the lab, the system itself answers for them.
void refuse_own_addresses(const TargetSet& targets);

/// The same for numeric targets, before the lab is created. Names are looked up inside the lab, where nothing but the
/// lab can answer.
void check_lab_targets(const CompareRequest& request);

/// The path of this program. In a command of the lab, /proc/self/exe would be the lab's.
std::string own_program();

/// Runs the same command inside the lab's network: this process becomes portloop-lab. Throws CannotRun.
[[noreturn]] void enter_lab(const CompareRequest& request, int argc, const char* const* argv);

}  // namespace portloop
