// What a scan saves while it runs, so that `portloop scan --resume` can continue it: one text file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/record/line_reader.hpp"
#include "cli/record/saved_output.hpp"
#include "cli/targets/target_list.hpp"
#include "core/finished_set.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/probe_result.hpp"
#include "core/state_counts.hpp"

namespace portloop {

/// Results that are unknown for one reason.
struct UnknownCount {
  uint64_t count = 0;
  Endpoint first;
};

struct Checkpoint {
  std::vector<std::string> words;  ///< Arguments of `portloop scan`, without --checkpoint and --resume.
  std::string directory;           ///< In which it was started; its arguments' relative names count from there.
  PortSet ports;
  Order order = Order::random;
  uint64_t seed = 0;
  Shard shard;
  TargetList list;          ///< With the addresses that names resolved to.
  int64_t started_us = 0;   ///< Unix time at which the first run started.
  uint64_t elapsed_us = 0;  ///< Of all runs so far.
  StateCounts counts;
  std::map<std::string, UnknownCount> unknown;  ///< By reason_text().
  FinishedSet finished;                         ///< Every position that has a result, unknown ones included.
  std::vector<uint64_t> unknown_positions;      ///< Sorted. No output of the checkpoint has their results.
  TargetSet all_open;                           ///< Hosts that accept connections on every port.
  std::vector<SavedOutput> outputs;
  bool all_probed = false;  ///< Every probe has a result, and every output is in its place.

  /// Nothing is left to resume.
  bool complete() const { return all_probed && unknown_positions.empty(); }
};

/// Identifies a scan: two scans with the same hash make the same probes. Shards of one scan share it.
uint64_t scan_hash(const TargetSet& targets, const PortSet& ports, Order order, uint64_t seed);

std::string checkpoint_text(const Checkpoint& checkpoint);

/// Returns whether the file begins like a checkpoint of any version. Consumes nothing.
bool is_checkpoint(LineReader& reader);

/// Throws UsageError if the file can't be read, is no checkpoint, has another version, or is damaged.
Checkpoint read_checkpoint(LineReader& file);
Checkpoint read_checkpoint(const std::string& path);

}  // namespace portloop
