#include "cli/record/checkpoint.hpp"

#include <algorithm>

#include "cli/record/checkpoint_format.hpp"
#include "core/record_line.hpp"

namespace portloop {
namespace {

using namespace checkpoint_format;

/// Appends lines to the text.
class Lines {
 public:
  template <class... Words>
  void add(std::string_view key, const Words&... words) {
    text_ += key;
    (append(words), ...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  void append(std::string_view word) { append_word(text_, word); }
  void append(const std::string& word) { append_word(text_, word); }
  void append(const char* word) { append_word(text_, word); }
  template <class Number>
  void append(Number number) {
    text_ += ' ' + std::to_string(number);
  }

  std::string text_;
};

/// The distances from each position to the one before: "7,1,1,20" for 7, 8, 9 and 29.
std::string distances_text(const std::vector<uint64_t>& positions) {
  std::string text;
  uint64_t before = 0;
  for (const uint64_t position : positions) {
    if (!text.empty()) text += ',';
    text += std::to_string(position - before);
    before = position;
  }
  return text;
}

void add_output(Lines& lines, const SavedOutput& output) {
  lines.add("output", output.format, output.path, output.partial_path, output.regular ? 1 : 0, output.start,
            output.length, hash_text(output.hash));
  for (size_t start = 0; start < output.writer_state.size();) {
    const size_t end = std::min(output.writer_state.find('\n', start), output.writer_state.size());
    lines.add("state", output.writer_state.substr(start, end - start));
    start = end + 1;
  }
}

}  // namespace

uint64_t scan_hash(const TargetSet& targets, const PortSet& ports, Order order, uint64_t seed) {
  uint64_t hash = fnv_hash(targets.to_text());
  for (const std::string& text : {ports.to_text(), std::string(to_text(order)), std::to_string(seed)}) {
    hash = fnv_hash(text, fnv_hash("\n", hash));
  }
  return hash;
}

std::string checkpoint_text(const Checkpoint& c) {
  Lines lines;
  lines.add(magic, version);
  lines.add("program", PORTLOOP_VERSION_TEXT);
  lines.add("scan", hash_text(scan_hash(c.list.targets, c.ports, c.order, c.seed)));
  lines.add("all-probed", c.all_probed ? 1 : 0);
  lines.add("started-us", c.started_us);
  lines.add("elapsed-us", c.elapsed_us);
  lines.add("directory", c.directory);
  for (const std::string& word : c.words) lines.add("argument", word);
  lines.add("ports", c.ports.to_text());
  lines.add("order", to_text(c.order));
  lines.add("seed", c.seed);
  lines.add("shard", c.shard.number, c.shard.count);
  for (const AddressRange& range : c.list.targets.ranges())
    lines.add("target", to_text(range.first), to_text(range.last));
  for (const auto& [address, names] : c.list.names) {
    for (const std::string& name : names) lines.add("name", to_text(address), name);
  }
  lines.add("unresolved", c.list.failed_names);
  lines.add("counts", c.counts[PortState::open], c.counts[PortState::closed], c.counts[PortState::filtered],
            c.counts[PortState::unknown]);
  for (const auto& [reason, unknown] : c.unknown) {
    lines.add("unknown", reason, unknown.count, to_text(unknown.first.address), unknown.first.port);
  }
  lines.add("finished", c.finished.to_text());
  lines.add("unknown-positions", distances_text(c.unknown_positions));
  for (const AddressRange& range : c.all_open.ranges())
    lines.add("all-open", to_text(range.first), to_text(range.last));
  for (const SavedOutput& output : c.outputs) add_output(lines, output);
  std::string text = lines.take();
  const std::string checksum = hash_text(fnv_hash(text));
  return text += "end " + checksum + '\n';
}

}  // namespace portloop
