// From the words that a person gave (arguments, files, standard input) to the set of addresses to scan.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <uv.h>

#include "cli/scan/scan_options.hpp"
#include "core/target_set.hpp"

namespace portloop {

struct TargetList {
  TargetSet targets;
  std::map<Address, std::string> names;  ///< As typed, for addresses that were given by name.
  size_t failed_names = 0;               ///< Each has been said on stderr.
};

/// Reads every word, looks names up on `loop` (run here until they are known), and leaves out what is
/// excluded. Throws UsageError for a wrong word, for an empty file, and where nothing is left to scan;
/// CannotRun for a file that can't be read.
TargetList collect_targets(const ScanRequest& request, uv_loop_t* loop);

}  // namespace portloop
