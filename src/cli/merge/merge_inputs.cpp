#include "cli/merge/merge_inputs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/exit_status.hpp"
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

void add_result(MergeInputs& inputs, ReadResult result) {
  const Endpoint endpoint = result.probe.endpoint;
  const PortState state = result.probe.state;
  const auto [entry, first] = inputs.results.try_emplace({endpoint.address, endpoint.port}, std::move(result));
  ReadResult& known = entry->second;
  if (first || known.probe.state == state) return;
  const bool better = rank(state) > rank(known.probe.state);
  inputs.conflicts.push_back({endpoint, better ? state : known.probe.state, better ? known.probe.state : state});
  if (better) known = std::move(result);  // try_emplace() moves only what it inserts
}

void read_results(const std::string& file, MergeInputs& inputs) {
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  const bool readable = stream && (stream.peek() != std::ifstream::traits_type::eof() || errno == 0);
  if (!readable) throw UsageError("file " + quote_word(file) + " can't be read: " + std::strerror(errno));
  stream.clear();
  std::string line;
  for (size_t number = 1; std::getline(stream, line); ++number) {
    auto result = read_json_result(line);
    if (stream.eof()) {
      // The scan was killed while it wrote the line.
      inputs.incomplete.push_back("the last line of file " + quote_word(file) + " is incomplete and is ignored");
      return;
    }
    if (!result) {
      throw UsageError("file " + quote_word(file) + ", line " + std::to_string(number) +
                       " is not a result in portloop's JSON, nor is the file a checkpoint: " + quote_word(line));
    }
    add_result(inputs, std::move(*result));
  }
}

/// The JSON file that the checkpoint's scan wrote; if both were moved, it is beside the checkpoint. Empty if it wrote
/// none.
std::string json_file_of(const std::string& checkpoint_file, const Checkpoint& checkpoint) {
  for (const SavedOutput& output : checkpoint.outputs) {
    if (output.format != "json" || output.path.empty() || !output.regular) continue;
    const std::filesystem::path beside =
        std::filesystem::path(checkpoint_file).parent_path() / std::filesystem::path(output.path).filename();
    for (const std::string& candidate : {output.partial_path, output.path, beside.string()}) {
      if (!candidate.empty() && std::filesystem::exists(candidate)) return candidate;
    }
    throw UsageError("checkpoint " + quote_word(checkpoint_file) + ": its results " + quote_word(output.path) +
                     " are neither there nor beside the checkpoint");
  }
  return "";
}

void check_together(const std::string& first_file, const Checkpoint& first, const std::string& file,
                    const Checkpoint& other) {
  const auto hash = [](const Checkpoint& c) { return scan_hash(c.list.targets, c.ports, c.order, c.seed); };
  if (hash(first) == hash(other) && first.shard.count == other.shard.count) return;
  throw UsageError("checkpoints " + quote_word(first_file) + " and " + quote_word(file) +
                   " are not of one scan: targets, ports, order, seed or the number of shards differ");
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
    if (!c.complete) {
      inputs.incomplete.push_back(name + " is incomplete: " + std::to_string(c.finished.size()) + " of " +
                                  std::to_string(probes) + " probes are finished (portloop scan --resume)");
    }
    if (c.list.failed_names > 0) inputs.incomplete.push_back(name + ": a target's name did not resolve");
    const uint64_t unknown = c.counts[PortState::unknown];
    if (unknown > 0) inputs.incomplete.push_back(name + ": " + std::to_string(unknown) + " ports are unknown");
  }
  std::string missing;
  uint32_t missing_count = 0;
  for (uint32_t number = 1; number <= count; ++number) {
    if (numbers.contains(number) || ++missing_count > 20) continue;
    missing += (missing.empty() ? "" : ", ") + std::to_string(number) + '/' + std::to_string(count);
  }
  if (missing_count > 20) missing += ", ...";
  if (missing_count == 1) inputs.incomplete.push_back("shard " + missing + " is missing");
  if (missing_count > 1) inputs.incomplete.push_back(std::to_string(missing_count) + " shards are missing: " + missing);
}

}  // namespace

MergeInputs read_merge_inputs(const std::vector<std::string>& files) {
  MergeInputs inputs;
  std::vector<std::string> result_files;
  std::set<std::string> seen;
  const auto add_file = [&](const std::string& file) {
    std::error_code error;
    const auto canonical = std::filesystem::weakly_canonical(file, error);
    if (seen.insert(error ? file : canonical.string()).second) result_files.push_back(file);
  };
  std::string first_checkpoint;
  for (const std::string& file : files) {
    if (!looks_like_checkpoint(file)) {
      add_file(file);
      continue;
    }
    Checkpoint checkpoint = read_checkpoint(file);
    if (inputs.checkpoints.empty())
      first_checkpoint = file;
    else
      check_together(first_checkpoint, inputs.checkpoints.front(), file, checkpoint);
    if (const std::string results = json_file_of(file, checkpoint); !results.empty()) add_file(results);
    inputs.checkpoints.push_back(std::move(checkpoint));
  }
  if (result_files.empty()) {
    throw UsageError("checkpoint " + quote_word(first_checkpoint) +
                     ": its scan wrote no JSON file: give the file of its results, too, or scan with -o json=FILE");
  }
  for (const std::string& file : result_files) read_results(file, inputs);
  find_incomplete_shards(inputs);
  return inputs;
}

}  // namespace portloop
