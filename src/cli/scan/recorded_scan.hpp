// Checks a checkpoint against the arguments that it records. The checksum detects damage, not intent: without this
// check, a checkpoint from a stranger could truncate files and scan addresses that its arguments do not name.
#pragma once

#include "cli/record/checkpoint.hpp"
#include "cli/scan/scan_request.hpp"

namespace portloop {

/// `request`: parsed from the checkpoint's arguments. Throws UsageError if the recorded outputs, addresses, ports,
/// order, seed or shard are not those of the arguments, and if the checkpoint's own file is none that may be replaced.
void check_recorded(const ScanRequest& request, const Checkpoint& checkpoint);

}  // namespace portloop
