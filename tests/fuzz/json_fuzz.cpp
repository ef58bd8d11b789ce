// The JSON that `portloop merge` and `portloop-lab --check` read, against a strict reader.
#include <algorithm>

#include "cli/exit_status.hpp"
#include "cli/merge/merge_inputs.hpp"
#include "core/json_walk.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/readers.hpp"
#include "output/json_reader.hpp"

using namespace portloop;

namespace {

bool walk_accepts(std::string_view line) {
  JsonWalk walk(line);
  std::string_view content;
  return walk.take_value(content) && walk.at_end();
}

/// A member that was given once is what was read.
void check_fields(const ParsedResult& result, const std::map<std::string, fuzz::JsonValue>& members) {
  using Kind = fuzz::JsonValue::Kind;
  EXPECT(members.contains("address") && members.contains("port") && members.contains("state"));
  const auto number = [&members](const char* name) {
    const auto found = members.find(name);
    return found == members.end() || found->second.kind == Kind::null ? std::string("0") : found->second.text;
  };
  EXPECT(number("port") == std::to_string(result.probe.endpoint.port) && result.probe.endpoint.port != 0);
  EXPECT(number("rtt_us") == std::to_string(result.probe.rtt_us));
  EXPECT(number("attempts") == std::to_string(result.probe.attempts));
  EXPECT(members.at("state").text == to_text(result.probe.state));
  EXPECT(members.at("reason").text == reason_text(result.probe.reason, result.probe.error_number) ||
         result.probe.reason == Reason::local_error);
  const auto protocol = members.find("protocol");
  EXPECT(protocol == members.end() || protocol->second.text == "tcp");
}

/// What is written of a result is read as the same.
void check_round_trip(const ReadResult& result) {
  std::string line;
  ResultRecord record{result.probe, result.service, result.host_name, result.time, nullptr, result.host_names};
  record.probe.banner = result.banner;
  append_result_json(line, record);
  EXPECT(line.back() == '\n' && line.find('\n') == line.size() - 1 && fuzz::is_printable(line, "\n"));
  line.pop_back();
  EXPECT(fuzz::read_json_object(line));
  const auto again = parse_result_json(line);
  EXPECT(again && again->probe.endpoint == result.probe.endpoint && again->probe.state == result.probe.state);
  EXPECT(again->probe.reason == result.probe.reason && again->probe.error_number == result.probe.error_number);
  EXPECT(again->probe.rtt_us == result.probe.rtt_us && again->probe.attempts == result.probe.attempts);
  EXPECT(again->host_names == (result.host_names.size() > 1 ? result.host_names : std::vector<std::string>()));
  EXPECT(again->service == result.service && again->host_name == result.host_name && again->banner == result.banner);
}

void check_line(std::string_view line) {
  EXPECT(walk_accepts(line) == fuzz::is_json(line));
  const auto endpoint = parse_result_json(line, ResultFields::endpoint_and_state);
  const auto result = read_json_result(line);
  EXPECT(!result || endpoint);
  if (!result) return;
  EXPECT(fuzz::is_json(line));
  if (const auto members = fuzz::read_json_object(line)) check_fields(*result, *members);
  check_round_trip(*result);
}

void check_merge(std::string_view text) {
  if (text.starts_with("portloop-checkpoint ")) return;  // it names files: checkpoint_fuzz has those
  const fuzz::MemoryFile file(text);
  try {
    const MergeInputs inputs = read_merge_inputs({file.path()});
    EXPECT(inputs.checkpoints.empty());
    EXPECT(inputs.results.size() + inputs.incomplete.size() <=
           static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
    EXPECT((!text.empty() && text.back() != '\n') == !inputs.incomplete.empty());
    for (const MergeConflict& conflict : inputs.conflicts) EXPECT(conflict.kept != conflict.dropped);
  } catch (const UsageError& error) {
    EXPECT(fuzz::is_printable(error.what()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    check_line(text.substr(start, end - start));
    start = end + 1;
  }
  check_merge(text);
  return 0;
}
