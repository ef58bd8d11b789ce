// From the words that a person typed (arguments, files, standard input) to the set of addresses to scan.
#pragma once

#include <uv.h>

#include <cstdint>
#include <map>
#include <string>

#include "cli/targets/target_words.hpp"
#include "core/target_set.hpp"

namespace portloop {

struct TargetList {
  TargetSet targets;
  std::map<Address, std::string> names;  ///< As typed, for addresses that were given by name.
  size_t failed_names = 0;               ///< Each has been reported on stderr.
};

/// Whether `list`, which a checkpoint recorded, has only addresses that the words name: its numeric targets, the
/// recorded addresses of its names, and whatever an input file had. No excluded address may be among them. Throws
/// UsageError for a wrong word.
bool are_named_by(const TargetWords& words, const TargetList& list);

/// Parses every word, looks names up on `loop` (which runs here until they are known), and removes what is excluded.
/// `ports`: how many ports of each address will be scanned. Throws UsageError for a wrong word, for an empty file, for
/// more than 2^63 probes, and if nothing is left to scan; CannotRun for a file that can't be read.
TargetList collect_targets(const TargetWords& words, uint64_t ports, uv_loop_t* loop);

}  // namespace portloop
