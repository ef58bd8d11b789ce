// Checkpoints. A text that is accepted is the same after it has been written and read again; one that is made of a
// value is accepted. The checksum is made to fit, so that what is behind it is reached. The state of the writers in it
// is restored.
#include <string>

#include "cli/exit_status.hpp"
#include "cli/record/checkpoint.hpp"
#include "core/record_line.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/input.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/readers.hpp"
#include "output/writer.hpp"

using namespace portloop;

namespace {

/// What comes before the last line, with the checksum that belongs to it.
std::string with_checksum(std::string_view text) {
  const size_t end = text.rfind("end ");
  std::string whole(text.substr(0, end));
  if (!whole.empty() && whole.back() != '\n') whole += '\n';
  return whole + "end " + hash_text(fnv_hash(whole)) + '\n';
}

std::optional<Checkpoint> read(const std::string& text) {
  const fuzz::MemoryFile file(text);
  try {
    return read_checkpoint(file.path());
  } catch (const UsageError& error) {
    EXPECT(fuzz::is_printable(error.what()) && error.what()[0] != '\0');
    return std::nullopt;
  }
}

void restore_writers(const Checkpoint& checkpoint) {
  for (const SavedOutput& output : checkpoint.outputs) {
    const OutputFormat* format = find_output_format(output.format);
    if (format == nullptr) continue;
    ScanHeader header;
    header.ports = checkpoint.ports;
    header.targets = checkpoint.list.targets.size();
    header.results_per_host = checkpoint.ports.size();
    std::string out;
    const auto writer = format->make();
    writer->begin(header, out);
    if (!writer->restore(output.writer_state)) continue;
    out.clear();
    OutputResult result;
    result.probe.endpoint = {checkpoint.list.targets.at(0), checkpoint.ports.at(0)};
    result.probe.state = PortState::open;
    result.probe.reason = Reason::syn_ack;
    writer->result(result, out);
    writer->end({}, out);
    EXPECT(fuzz::is_printable(out, "\r\n\t"));
  }
}

void check_text(std::string_view text) {
  const auto checkpoint = read(with_checksum(text));
  if (!checkpoint) return;
  const std::string written = checkpoint_text(*checkpoint);
  const auto again = read(written);
  EXPECT(again && checkpoint_text(*again) == written);
  const uint64_t probes =
      checkpoint->shard.size_of(checkpoint->list.targets.size() * uint64_t{checkpoint->ports.size()});
  EXPECT(checkpoint->finished.size() <= probes && checkpoint->unknown_positions.size() <= checkpoint->finished.size());
  restore_writers(*checkpoint);
}

Checkpoint take_checkpoint(fuzz::Input& input) {
  Checkpoint c;
  for (uint64_t count = input.below(4); count > 0; --count) c.words.emplace_back(input.text(20));
  c.directory = input.text(20);
  const auto first_port = static_cast<uint16_t>(input.between(1, 60000));
  c.ports.add({first_port, static_cast<uint16_t>(first_port + input.below(200))});
  c.order = input.flag() ? Order::sequential : Order::random;
  c.seed = input.below(UINT64_MAX);
  c.shard.count = static_cast<uint32_t>(input.between(1, 5));
  c.shard.number = static_cast<uint32_t>(input.between(1, c.shard.count));
  const uint64_t hosts = input.between(1, 100);
  Address first{input.flag() ? Family::ipv6 : Family::ipv4, 0, 1 + input.below(0xffff0000)};
  if (first.family == Family::ipv6) first.zone = static_cast<uint32_t>(input.below(4));
  Address last = first;
  last.value += hosts - 1;
  c.list.targets = TargetSet({{first, last}}, {});
  if (input.flag()) c.list.names[first] = {std::string(input.text(20)), "b.test"};
  c.started_us = static_cast<int64_t>(input.below(INT64_MAX));
  c.elapsed_us = input.below(UINT64_MAX);
  const uint64_t probes = c.shard.size_of(hosts * c.ports.size());
  for (uint64_t position = 0; position < probes && !input.empty(); position += input.below(256)) {
    if (c.finished.contains(position)) continue;
    c.finished.add(position);
    const auto state = static_cast<PortState>(input.below(4));
    ++c.counts[state];
    if (state != PortState::unknown) continue;
    c.unknown_positions.push_back(position);
    UnknownCount& unknown = c.unknown[reason_text(Reason::local_error, static_cast<int>(input.between(1, 133)))];
    if (unknown.count++ == 0) unknown.first = {first, first_port};
  }
  SavedOutput& output = c.outputs.emplace_back();
  output.format = output_formats()[input.below(output_formats().size())].name;
  output.path = input.text(20);
  output.partial_path = input.text(20);
  output.regular = input.flag();
  output.start = input.below(UINT64_MAX);
  output.length = input.below(UINT64_MAX);
  output.hash = input.below(UINT64_MAX);
  c.all_probed = c.finished.size() == probes && input.flag();
  return c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  fuzz::Input input(bytes, size);
  // Texts stay readable in the corpus: a value begins with a byte that they don't have.
  if (size == 0 || bytes[0] != 0) {
    check_text(input.rest());
    return 0;
  }
  input.byte();
  const Checkpoint made = take_checkpoint(input);
  const std::string text = checkpoint_text(made);
  const auto again = read(text);
  EXPECT(again && checkpoint_text(*again) == text);
  EXPECT(again->finished.ranges() == made.finished.ranges() && again->words == made.words);
  return 0;
}
