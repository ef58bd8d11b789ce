// What `portloop merge` reads: results of the parts of a scan, and what their checkpoints say about them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/record/checkpoint.hpp"
#include "output/json_reader.hpp"

namespace portloop {

/// Two parts say different states of one endpoint.
struct MergeConflict {
  Endpoint endpoint;
  PortState kept;
  PortState dropped;
};

/// Memory: some 300 bytes for each endpoint.
struct MergeInputs {
  std::map<std::pair<Address, uint16_t>, ReadResult> results;  ///< Each endpoint once.
  std::vector<Checkpoint> checkpoints;  ///< Of one scan, in the order given; without their finished sets' use.
  std::vector<std::string> incomplete;  ///< What is missing, one line each.
  std::vector<MergeConflict> conflicts;
};

/// Reads every file: JSON lines, or a checkpoint, whose JSON output is then read too. Throws UsageError for a file
/// that is neither, and for checkpoints that aren't of one scan.
MergeInputs read_merge_inputs(const std::vector<std::string>& files);

}  // namespace portloop
