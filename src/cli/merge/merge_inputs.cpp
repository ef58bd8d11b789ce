#include "cli/merge/merge_inputs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "cli/exit_status.hpp"
#include "cli/record/line_reader.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

/// The higher rank is kept: open and closed are answers of the host itself, filtered may be lost packets.
int rank(PortState state) {
  switch (state) {
    case PortState::open: return 3;
    case PortState::closed: return 2;
    case PortState::filtered: return 1;
    case PortState::unknown: return 0;
  }
  return 0;
}

void add_name(ReadResult& result, const std::string& name) {
  if (result.host_name.empty()) {
    result.host_name = name;
    return;
  }
  if (result.host_names.empty()) result.host_names.push_back(result.host_name);
  if (std::find(result.host_names.begin(), result.host_names.end(), name) == result.host_names.end())
    result.host_names.push_back(name);
}

/// Of another record of the same endpoint. A scan whose names arrive late writes an open port once for each.
void add_names(ReadResult& result, const ReadResult& other) {
  if (!other.host_name.empty()) add_name(result, other.host_name);
  for (const std::string& name : other.host_names) add_name(result, name);
}

void add_result(MergeInputs& inputs, ReadResult result) {
  const Endpoint endpoint = result.probe.endpoint;
  const PortState state = result.probe.state;
  const auto [entry, first] = inputs.results.try_emplace({endpoint.address, endpoint.port}, std::move(result));
  if (first) return;
  ReadResult& known = entry->second;  // try_emplace() moves only what it inserts
  const bool better = rank(state) > rank(known.probe.state);
  if (known.probe.state != state)
    inputs.conflicts.push_back({endpoint, better ? state : known.probe.state, better ? known.probe.state : state});
  if (better) std::swap(known, result);
  add_names(known, result);
}

void read_results(LineReader& file, MergeInputs& inputs) {
  size_t number = 0;
  while (const auto line = file.next_line()) {
    ++number;
    auto result = read_json_result(*line);
    const bool is_ours = number > 1 || line->starts_with('{');
    if (file.cut_off() && is_ours) {
      // The scan was killed while it wrote the line.
      inputs.truncated = true;
      inputs.incomplete.push_back("the last line of " + file.name() + " is incomplete and is ignored");
      return;
    }
    if (!result) {
      throw UsageError(file.name() + ", line " + std::to_string(number) +
                       " is not a result in portloop's JSON, nor is the file a checkpoint: " + quote_word(*line));
    }
    add_result(inputs, std::move(*result));
  }
}

/// The JSON file that a checkpoint's scan wrote.
struct ShardResults {
  std::string file;    // empty if it wrote none
  bool whole = false;  // it has everything that the checkpoint counts
};

/// Where it was written or, if both were moved, beside the checkpoint.
ShardResults results_of(const std::string& checkpoint_file, const Checkpoint& checkpoint) {
  for (const SavedOutput& output : checkpoint.outputs) {
    if (output.format != "json" || output.path.empty() || !output.regular) continue;
    const std::filesystem::path beside =
        std::filesystem::path(checkpoint_file).parent_path() / std::filesystem::path(output.path).filename();
    std::string found;
    int error_number = 0;
    for (const std::string& candidate : {output.partial_path, output.path, beside.string()}) {
      if (candidate.empty()) continue;
      if (file_contains(candidate, output)) return {candidate, true};
      if (access(candidate.c_str(), R_OK) == 0)
        found = found.empty() ? candidate : found;
      else if (errno != ENOENT && errno != ENOTDIR)
        error_number = errno;
    }
    if (!found.empty()) return {found, false};
    throw UsageError("checkpoint " + quote_word(checkpoint_file) + ": its results " + quote_word(output.path) +
                     " are neither there nor beside the checkpoint" +
                     (error_number == 0 ? "" : std::string(" (") + std::strerror(error_number) + ')'));
  }
  return {};
}

void check_together(const std::string& first_file, const Checkpoint& first, const std::string& file,
                    const Checkpoint& other) {
  const auto hash = [](const Checkpoint& c) { return scan_hash(c.list.targets, c.ports, c.order, c.seed); };
  if (hash(first) == hash(other) && first.shard.count == other.shard.count) return;
  throw UsageError("checkpoints " + quote_word(first_file) + " and " + quote_word(file) +
                   " are not of one scan: targets, ports, order, seed or the number of shards differ");
}

/// `numbers`: of the shards that are there. `count` may be 4,294,967,295.
void report_missing_shards(const std::set<uint32_t>& numbers, uint32_t count, std::vector<std::string>& lines) {
  constexpr size_t max_listed = 20;
  const uint64_t missing = count - numbers.size();
  if (missing == 0) return;
  std::string list;
  size_t listed = 0;
  for (uint64_t number = 1; number <= count && listed < max_listed; ++number) {
    if (numbers.contains(static_cast<uint32_t>(number))) continue;
    list += (listed++ == 0 ? "" : ", ") + std::to_string(number) + '/' + std::to_string(count);
  }
  if (missing > max_listed) list += ", ...";
  lines.push_back(missing == 1 ? "shard " + list + " is missing"
                               : std::to_string(missing) + " shards are missing: " + list);
}

/// Adds a line for each shard that is missing or incomplete.
void find_incomplete_shards(MergeInputs& inputs) {
  if (inputs.checkpoints.empty()) return;
  const uint32_t count = inputs.checkpoints.front().shard.count;
  std::set<uint32_t> numbers;
  for (const Checkpoint& c : inputs.checkpoints) {
    numbers.insert(c.shard.number);
    const std::string name = "shard " + std::to_string(c.shard.number) + '/' + std::to_string(count);
    const uint64_t probes = c.shard.size_of(c.list.targets.size() * c.ports.size());
    if (!c.all_probed) {
      inputs.incomplete.push_back(name + " is incomplete: " + std::to_string(c.finished.size()) + " of " +
                                  std::to_string(probes) + " probes are finished (portloop scan --resume)");
    }
    if (c.list.failed_names > 0) inputs.incomplete.push_back(name + ": a target's name did not resolve");
    const uint64_t unknown = c.counts[PortState::unknown];
    if (unknown > 0) inputs.incomplete.push_back(name + ": " + std::to_string(unknown) + " ports are unknown");
  }
  report_missing_shards(numbers, count, inputs.incomplete);
}

/// Every result that the checkpoints count must have come from a file: an open port is in every JSON output.
void check_open_ports(MergeInputs& inputs) {
  std::map<uint32_t, uint64_t> counted;  // of each shard, which may have been given twice
  for (const Checkpoint& c : inputs.checkpoints) counted.try_emplace(c.shard.number, c.counts[PortState::open]);
  uint64_t wanted = 0, found = 0;
  for (const auto& [number, open] : counted) wanted += open;
  for (const auto& [endpoint, result] : inputs.results) found += result.probe.state == PortState::open ? 1 : 0;
  if (found >= wanted) return;
  inputs.truncated = true;
  inputs.incomplete.push_back("the files have " + std::to_string(found) + " open ports, the checkpoints count " +
                              std::to_string(wanted) + ": results are missing");
}

}  // namespace

MergeInputs read_merge_inputs(const std::vector<std::string>& files) {
  MergeInputs inputs;
  std::set<std::pair<dev_t, ino_t>> seen;  // two names may be one file, and a pipe can be read only once
  std::vector<std::string> named;          // by the checkpoints
  std::string first_checkpoint;
  bool any_results = false;
  for (const std::string& file : files) {
    LineReader reader(file);
    if (!is_checkpoint(reader)) {
      any_results = true;
      if (seen.insert(reader.identity()).second) read_results(reader, inputs);
      continue;
    }
    Checkpoint checkpoint = read_checkpoint(reader);
    if (inputs.checkpoints.empty())
      first_checkpoint = file;
    else
      check_together(first_checkpoint, inputs.checkpoints.front(), file, checkpoint);
    if (const ShardResults results = results_of(file, checkpoint); !results.file.empty()) {
      named.push_back(results.file);
      if (!results.whole) {
        inputs.truncated = true;
        inputs.incomplete.push_back("file " + quote_word(results.file) + " does not have the results that checkpoint " +
                                    quote_word(file) + " counts: it has been truncated or changed");
      }
    }
    inputs.checkpoints.push_back(std::move(checkpoint));
  }
  if (named.empty() && !any_results) {
    throw UsageError("checkpoint " + quote_word(first_checkpoint) +
                     ": its scan wrote no JSON file: give the file of its results, too, or scan with -o json=FILE");
  }
  for (const std::string& file : named) {
    LineReader reader(file);
    if (seen.insert(reader.identity()).second) read_results(reader, inputs);
  }
  const bool all_whole = inputs.incomplete.empty();
  find_incomplete_shards(inputs);
  if (all_whole) check_open_ports(inputs);
  return inputs;
}

}  // namespace portloop
