// A run of a comparison, seen from both ends: the command line and the standard input of its process, and what that
// process does.
//
// A model's run is this program with the internal option --one-run. It reads its ports and targets from standard input
// and writes its record to standard output. A guest's run is the guest's program.
#pragma once

#include <string>

#include "cli/compare/compare_guests.hpp"
#include "cli/compare/compare_options.hpp"
#include "cli/system/system_services.hpp"
#include "compare/run_comparison.hpp"
#include "models/model.hpp"

namespace portloop {

/// Each run keeps five bytes per probe, and takes 17 s even at a million probes per second.
constexpr uint64_t max_probes = uint64_t{1} << 24;

/// The scan that all models make. `targets` and the ports of `request` must outlive it.
ModelScan scan_of(const CompareRequest& request, const TargetSet& targets);

/// How the processes of all runs are started and their output is read. All arguments must outlive the result; `setup`
/// is complete. `guest_in_flight`: of the guests that have a loop. Throws UsageError if there are too many probes for a
/// guest.
compare::RunCommand run_command_of(const CompareRequest& request, const compare::Setup& setup, const TargetSet& targets,
                                   const CompareGuests& guests, uint32_t guest_in_flight);

/// In that process: makes the run of request.models[0] and writes its record. Returns the exit status. Throws
/// UsageError and CannotRun.
int make_one_run(CompareRequest& request, const SystemServices& services);

}  // namespace portloop
