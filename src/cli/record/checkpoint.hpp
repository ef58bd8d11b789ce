// What a scan writes as it goes so that `portloop scan --resume` can go on: one text file, replaced whole.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/targets/target_list.hpp"
#include "core/finished_set.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/probe_result.hpp"

namespace portloop {

/// Up to where one output's content belongs to the finished set.
struct SavedOutput {
  std::string format;
  std::string path;          ///< Absolute; empty for standard output.
  std::string partial_path;  ///< Where it is written until the end, when an older file is to be replaced; else empty.
  bool regular = false;      ///< A file, which can be cut back and continued.
  uint64_t start = 0;        ///< Offset of our first byte.
  uint64_t length = 0;       ///< Bytes from there.
  uint64_t hash = 0;         ///< fnv_hash of them: whether a file is the one that was written.
  std::string writer_state;  ///< Writer::save().
};

/// What could not be found out, by reason.
struct UnknownCount {
  uint64_t count = 0;
  Endpoint first;
};

struct Checkpoint {
  std::vector<std::string> words;  ///< Arguments of `portloop scan`, without those about checkpoints.
  PortSet ports;
  Order order = Order::random;
  uint64_t seed = 0;
  Shard shard;
  TargetList list;                   ///< With the addresses that names stood for.
  int64_t started_us = 0;            ///< Unix time of the first run's start.
  uint64_t elapsed_us = 0;           ///< Of all runs so far.
  std::array<uint64_t, 4> counts{};  ///< By PortState.
  std::map<std::string, UnknownCount> unknown;
  FinishedSet finished;
  std::vector<SavedOutput> outputs;
  bool complete = false;  ///< Nothing is left to scan, and the outputs are at their places.
};

/// Two scans with the same number ask the same probes; shards of one scan share it.
uint64_t scan_hash(const TargetSet& targets, const PortSet& ports, Order order, uint64_t seed);

std::string checkpoint_text(const Checkpoint& checkpoint);

/// Throws UsageError with one line that names the file and says what is wrong with it: it can't be read, is no
/// checkpoint, is of another version, or is damaged.
Checkpoint read_checkpoint(const std::string& path);

/// Whether the file begins as a checkpoint does, whatever its version.
bool looks_like_checkpoint(const std::string& path);

/// Writes `text` beside `path`, brings it to the disk, and lets it take the place of what is there. Answers why
/// not, one line, and then the old file is whole; empty where all went well.
std::string replace_file(const std::string& path, const std::string& text);

}  // namespace portloop
