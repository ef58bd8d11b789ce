#include <algorithm>

#include "cli/exit_status.hpp"
#include "cli/record/checkpoint.hpp"
#include "cli/record/checkpoint_format.hpp"
#include "core/parse_number.hpp"
#include "core/record_line.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

using namespace checkpoint_format;

/// Builds a checkpoint from its lines.
class CheckpointReader {
 public:
  /// Adds one line: its words, the key first. Returns false if they are wrong.
  bool add(const std::vector<std::string>& words);
  /// After the last line. Returns false if a line is missing or the lines do not fit together.
  bool finish();

  Checkpoint checkpoint;

 private:
  bool add_scan(const std::string& key, const std::vector<std::string>& words);
  bool add_progress(const std::string& key, const std::vector<std::string>& words);
  bool add_output(const std::vector<std::string>& words);
  bool counts_fit() const;
  bool all_open_are_targets() const;

  std::vector<AddressRange> ranges_, all_open_;
  std::string scan_hash_text_;
  std::map<std::string, size_t> seen_;  // how many lines of each key
};

template <class Number>
bool parse_to(const std::string& word, Number& number) {
  const auto parsed = parse_number<Number>(word, 0);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

bool parse_to(const std::string& word, bool& flag) {
  flag = word == "1";
  return flag || word == "0";
}

bool parse_hash(const std::string& word, uint64_t& hash) {
  const auto parsed = parse_hex<uint64_t>(word);
  if (parsed) hash = *parsed;
  return parsed && word.size() == 16;
}

/// The inverse of distances_text(); at least one further each time.
bool parse_distances(std::string_view text, std::vector<uint64_t>& positions) {
  uint64_t before = 0;
  while (!text.empty()) {
    const auto distance = take_number<uint64_t>(text);
    if (!distance || (*distance == 0 && !positions.empty()) || *distance > (uint64_t{1} << 63) - before) return false;
    positions.push_back(before += *distance);
    if (text.empty()) return true;
    if (text.front() != ',') return false;
    text.remove_prefix(1);
    if (text.empty()) return false;
  }
  return true;
}

bool CheckpointReader::add(const std::vector<std::string>& words) {
  if (words.empty()) return false;
  const std::string& key = words[0];
  ++seen_[key];
  return add_scan(key, words) || add_progress(key, words);
}

bool CheckpointReader::add_scan(const std::string& key, const std::vector<std::string>& words) {
  Checkpoint& c = checkpoint;
  if (words.size() == 3 && key == "shard") {
    return parse_to(words[1], c.shard.number) && parse_to(words[2], c.shard.count) && c.shard.number >= 1 &&
           c.shard.number <= c.shard.count;
  }
  if (words.size() == 3 && (key == "target" || key == "all-open" || key == "name")) {
    const auto first = parse_address(words[1]);
    const auto last = key != "name" ? parse_address(words[2]) : first;
    if (!first || !last || *last < *first || first->family != last->family) return false;
    if (key == "target")
      ranges_.push_back({*first, *last});
    else if (key == "all-open")
      all_open_.push_back({*first, *last});
    else
      c.list.names[*first].push_back(words[2]);
    return true;
  }
  if (words.size() != 2) return false;
  const std::string& word = words[1];
  if (key == "program") return true;
  if (key == "scan") {
    scan_hash_text_ = word;
    return true;
  }
  if (key == "directory") {
    c.directory = word;
    return true;
  }
  if (key == "argument") {
    c.words.push_back(word);
    return true;
  }
  if (key == "ports") {
    const auto ports = parse_ports(word, nullptr);
    if (ports) c.ports = *ports;
    return static_cast<bool>(ports);
  }
  if (key == "order") {
    const auto order = parse_order(word);
    if (order) c.order = *order;
    return order.has_value();
  }
  if (key == "seed") return parse_to(word, c.seed);
  if (key == "unresolved") return parse_to(word, c.list.failed_names);
  return false;
}

bool CheckpointReader::add_progress(const std::string& key, const std::vector<std::string>& words) {
  Checkpoint& c = checkpoint;
  if (key == "output") return add_output(words);
  if (key == "counts") {
    StateCounts& n = c.counts;
    return words.size() == 5 && parse_to(words[1], n[PortState::open]) && parse_to(words[2], n[PortState::closed]) &&
           parse_to(words[3], n[PortState::filtered]) && parse_to(words[4], n[PortState::unknown]);
  }
  if (key == "unknown") {
    if (words.size() != 5) return false;
    UnknownCount& unknown = c.unknown[words[1]];
    const auto address = parse_address(words[3]);
    if (address) unknown.first.address = *address;
    return address && parse_to(words[2], unknown.count) && parse_to(words[4], unknown.first.port);
  }
  if (words.size() != 2) return false;
  if (key == "all-probed") return parse_to(words[1], c.all_probed);
  if (key == "unknown-positions") return parse_distances(words[1], c.unknown_positions);
  if (key == "started-us") return parse_to(words[1], c.started_us);
  if (key == "elapsed-us") return parse_to(words[1], c.elapsed_us);
  if (key == "finished") {
    auto finished = FinishedSet::parse(words[1]);
    if (finished) c.finished = std::move(*finished);
    return finished.has_value();
  }
  if (key != "state" || c.outputs.empty()) return false;
  c.outputs.back().writer_state += words[1] + '\n';
  return true;
}

bool CheckpointReader::add_output(const std::vector<std::string>& words) {
  if (words.size() != 8) return false;
  SavedOutput& output = checkpoint.outputs.emplace_back();
  output.format = words[1];
  output.path = words[2];
  output.partial_path = words[3];
  return parse_to(words[4], output.regular) && parse_to(words[5], output.start) && parse_to(words[6], output.length) &&
         parse_hash(words[7], output.hash);
}

bool CheckpointReader::finish() {
  for (const char* key : {"scan", "all-probed", "started-us", "elapsed-us", "directory", "ports", "order", "seed",
                          "shard", "unresolved", "counts", "finished", "unknown-positions"}) {
    if (seen_[key] != 1) return false;
  }
  Checkpoint& c = checkpoint;
  c.list.targets = TargetSet(std::move(ranges_), {});
  c.all_open = TargetSet(std::move(all_open_), {});
  return !c.list.targets.empty() && !c.outputs.empty() && !c.ports.empty() && counts_fit() && all_open_are_targets() &&
         hash_text(scan_hash(c.list.targets, c.ports, c.order, c.seed)) == scan_hash_text_;
}

bool CheckpointReader::all_open_are_targets() const {
  const TargetSet& targets = checkpoint.list.targets;
  const std::vector<AddressRange>& ranges = checkpoint.all_open.ranges();
  return std::all_of(ranges.begin(), ranges.end(), [&targets](const AddressRange& range) {
    const auto first = targets.index_of(range.first), last = targets.index_of(range.last);
    return first && last && *last - *first == range.last.value - range.first.value;
  });
}

/// Whether what is finished is part of the shard, and is as much as the counts.
bool CheckpointReader::counts_fit() const {
  const Checkpoint& c = checkpoint;
  if (c.list.targets.size() > (uint64_t{1} << 63) / c.ports.size()) return false;
  const uint64_t probes = c.shard.size_of(c.list.targets.size() * c.ports.size());
  const std::vector<PositionRange> ranges = c.finished.ranges();
  if (!ranges.empty() && ranges.back().last >= probes) return false;
  uint64_t left = c.finished.size();
  for (const uint64_t count : c.counts.by_state) {
    if (count > left) return false;
    left -= count;
  }
  uint64_t unknown = c.counts[PortState::unknown];
  if (left != 0 || unknown != c.unknown_positions.size()) return false;
  for (const auto& [reason, of_reason] : c.unknown) {
    if (of_reason.count > unknown) return false;
    unknown -= of_reason.count;
  }
  const bool all_finished = std::all_of(c.unknown_positions.begin(), c.unknown_positions.end(),
                                        [&c](uint64_t position) { return c.finished.contains(position); });
  return unknown == 0 && all_finished && (!c.all_probed || c.finished.size() == probes);
}

}  // namespace

bool is_checkpoint(LineReader& reader) { return reader.begins_with(std::string(magic) + ' '); }

Checkpoint read_checkpoint(LineReader& file) {
  const std::string& name = file.name();
  if (!is_checkpoint(file)) throw UsageError(name + " is not a checkpoint of portloop");
  const std::string text = file.read_rest();
  const std::string written_version = text.substr(magic.size() + 1, text.find('\n') - magic.size() - 1);
  if (written_version != std::to_string(version)) {
    throw UsageError(name + " is of version " + quote_word(written_version) + ": this portloop reads version " +
                     std::to_string(version));
  }
  const size_t last_line = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
  if (last_line == std::string::npos ||
      text.substr(last_line + 1) != "end " + hash_text(fnv_hash(text.substr(0, last_line + 1))) + '\n') {
    throw UsageError(name + " is damaged: its last line is not the checksum of the others");
  }
  CheckpointReader reader;
  size_t number = 2;
  for (size_t start = text.find('\n') + 1; start <= last_line; ++number) {
    const size_t end = text.find('\n', start);
    const auto words = read_words(std::string_view(text).substr(start, end - start));
    if (!words || !reader.add(*words))
      throw UsageError(name + " is damaged: line " + std::to_string(number) + " makes no sense");
    start = end + 1;
  }
  if (!reader.finish()) throw UsageError(name + " is damaged: its lines do not belong together");
  return std::move(reader.checkpoint);
}

Checkpoint read_checkpoint(const std::string& path) {
  LineReader file(path, "checkpoint");
  return read_checkpoint(file);
}

}  // namespace portloop
