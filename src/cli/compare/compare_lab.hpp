// What portloop compare needs to measure inside portloop-lab's network.
#pragma once

#include <csignal>
#include <optional>

#include "cli/compare/compare_options.hpp"
#include "compare/correctness.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// Throws UsageError if an address is this machine's own. A lab's ground truth does not contain these addresses: inside
/// the lab, the system itself answers for them.
void refuse_own_addresses(const TargetSet& targets);

/// The same for numeric targets, before the lab is created. Names are looked up inside the lab, where nothing but the
/// lab can answer.
void check_lab_targets(const CompareRequest& request);

/// Inside the lab: the true states of its targets, from portloop-lab. Returns nullopt if `stop` was set. Throws
/// CannotRun.
std::optional<compare::Verdicts> read_lab_truth(const CompareRequest& request, const TargetSet& targets,
                                                const volatile std::sig_atomic_t& stop);

/// Runs the same command inside the lab's network: this process becomes portloop-lab. Throws CannotRun.
[[noreturn]] void enter_lab(const CompareRequest& request, int argc, const char* const* argv);

}  // namespace portloop
