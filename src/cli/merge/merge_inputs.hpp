// What `portloop merge` reads: the results of a scan's shards, and their checkpoints.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/record/checkpoint.hpp"
#include "output/json_reader.hpp"

namespace portloop {

/// Two files have different states for one endpoint.
struct MergeConflict {
  Endpoint endpoint;
  PortState kept;
  PortState dropped;
};

/// Memory: about 300 bytes per endpoint.
struct MergeInputs {
  std::map<std::pair<Address, uint16_t>, ReadResult> results;  ///< Each endpoint once.
  std::vector<Checkpoint> checkpoints;                         ///< All of one scan, in the order given.
  std::vector<std::string> incomplete;                         ///< What is missing, one line for each.
  std::vector<MergeConflict> conflicts;
  bool truncated = false;  ///< A file ends within a line, or lacks results that its checkpoint counts.
};

/// Reads every file, "-" being standard input: JSON lines, or a checkpoint and the JSON that it names. Throws
/// UsageError for a file that is neither, and for checkpoints of different scans; CannotRun if a file can't be read to
/// its end.
MergeInputs read_merge_inputs(const std::vector<std::string>& files);

}  // namespace portloop
