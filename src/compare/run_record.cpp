#include "compare/run_record.hpp"

#include <charconv>

namespace portloop::compare {
namespace {

constexpr std::string_view first_line = "portloop-run 1\n";
constexpr std::string_view last_line = "end\n";
constexpr std::string_view letters = "nocfsu";  // by Said's value

std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

const std::array<RecordField, 15>& record_fields() {
  static constexpr std::array<RecordField, 15> fields{{
      {"wall_us", [](RunRecord& r) -> uint64_t& { return r.wall_us; }},
      {"user_us", [](RunRecord& r) -> uint64_t& { return r.user_us; }},
      {"system_us", [](RunRecord& r) -> uint64_t& { return r.system_us; }},
      {"memory_kib", [](RunRecord& r) -> uint64_t& { return r.memory_kib; }},
      {"switches_voluntary", [](RunRecord& r) -> uint64_t& { return r.switches_voluntary; }},
      {"switches_involuntary", [](RunRecord& r) -> uint64_t& { return r.switches_involuntary; }},
      {"connect_p50_us", [](RunRecord& r) -> uint64_t& { return r.p50_us; }},
      {"connect_p95_us", [](RunRecord& r) -> uint64_t& { return r.p95_us; }},
      {"connect_p99_us", [](RunRecord& r) -> uint64_t& { return r.p99_us; }},
      {"connects", [](RunRecord& r) -> uint64_t& { return r.model.connects; }},
      {"local_failures", [](RunRecord& r) -> uint64_t& { return r.model.local_failures; }},
      {"peak_in_flight", [](RunRecord& r) -> uint64_t& { return r.model.peak_in_flight; }},
      {"peak_threads", [](RunRecord& r) -> uint64_t& { return r.model.peak_threads; }},
      {"peak_descriptors", [](RunRecord& r) -> uint64_t& { return r.model.peak_descriptors; }},
      {"threads_refused", [](RunRecord& r) -> uint64_t& { return r.model.threads_refused; }},
  }};
  return fields;
}

std::string encode(const RunRecord& record) {
  std::string text(first_line);
  RunRecord copy = record;
  for (const RecordField& field : record_fields()) {
    text.append(field.name).append(" ").append(std::to_string(field.in(copy))).append("\n");
  }
  text += "said ";
  for (size_t i = 0; i < record.said.size();) {
    size_t end = i;
    while (end < record.said.size() && record.said[end] == record.said[i]) ++end;
    text += letters[static_cast<size_t>(record.said[i])];
    text += std::to_string(end - i);
    i = end;
  }
  return text + '\n' + std::string(last_line);
}

std::optional<RunRecord> decode(std::string_view text, uint64_t probes) {
  RunRecord record;
  if (!take(text, first_line)) return std::nullopt;
  for (const RecordField& field : record_fields()) {
    if (!take(text, field.name) || !take(text, " ")) return std::nullopt;
    const auto number = take_number(text);
    if (!number || !take(text, "\n")) return std::nullopt;
    field.in(record) = *number;
  }
  if (!take(text, "said ")) return std::nullopt;
  record.said.reserve(probes);
  while (!text.empty() && text.front() != '\n') {
    const size_t letter = letters.find(text.front());
    text.remove_prefix(1);
    const auto count = take_number(text);
    if (letter == std::string_view::npos || !count || *count > probes - record.said.size()) return std::nullopt;
    record.said.insert(record.said.end(), *count, static_cast<Said>(letter));
  }
  if (!take(text, "\n") || text != last_line || record.said.size() != probes) return std::nullopt;
  return record;
}

}  // namespace portloop::compare
