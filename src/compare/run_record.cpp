#include "compare/run_record.hpp"

#include "compare/statistics.hpp"
#include "compare/take_text.hpp"
#include "core/parse_number.hpp"

namespace portloop::compare {
namespace {

constexpr std::string_view first_line = "portloop-run 1\n";
constexpr std::string_view end_line = "end\n";
// The letters of the states, by the value of ProbeState.
constexpr std::string_view letters = "nocfsu";
static_assert(letters[static_cast<size_t>(ProbeState::none)] == 'n' && letters.size() == 6);
static_assert(letters[static_cast<size_t>(ProbeState::open)] == 'o');
static_assert(letters[static_cast<size_t>(ProbeState::closed)] == 'c');
static_assert(letters[static_cast<size_t>(ProbeState::filtered)] == 'f');
static_assert(letters[static_cast<size_t>(ProbeState::silent)] == 's');
static_assert(letters[static_cast<size_t>(ProbeState::unknown)] == 'u');

}  // namespace

void RunRecord::set_latencies(std::vector<uint32_t> latencies_us) {
  p50_us = percentile(latencies_us, 0.50);
  p95_us = percentile(latencies_us, 0.95);
  p99_us = percentile(latencies_us, 0.99);
}

const std::array<RecordField, 19>& record_fields() {
  static constexpr std::array<RecordField, 19> fields{{
      {"wall_us", &RunRecord::wall_us, nullptr},
      {"user_us", &RunRecord::user_us, nullptr},
      {"system_us", &RunRecord::system_us, nullptr},
      {"memory_kib", &RunRecord::memory_kib, nullptr},
      {"switches_voluntary", &RunRecord::switches_voluntary, nullptr},
      {"switches_involuntary", &RunRecord::switches_involuntary, nullptr},
      {"connect_p50_us", &RunRecord::p50_us, nullptr},
      {"connect_p95_us", &RunRecord::p95_us, nullptr},
      {"connect_p99_us", &RunRecord::p99_us, nullptr},
      {"run_delay_us", &RunRecord::run_delay_us, nullptr},
      {"lab_answers", &RunRecord::lab_answers, nullptr},
      {"lab_late", &RunRecord::lab_late, nullptr},
      {"lab_dropped", &RunRecord::lab_dropped, nullptr},
      {"connects", nullptr, &ModelRun::connects},
      {"local_failures", nullptr, &ModelRun::local_failures},
      {"peak_in_flight", nullptr, &ModelRun::peak_in_flight},
      {"peak_threads", nullptr, &ModelRun::peak_threads},
      {"peak_descriptors", nullptr, &ModelRun::peak_descriptors},
      {"threads_refused", nullptr, &ModelRun::threads_refused},
  }};
  return fields;
}

std::string encode(const RunRecord& record) {
  std::string text(first_line);
  for (const RecordField& field : record_fields()) {
    text.append(field.name).append(" ").append(std::to_string(field.of(record))).append("\n");
  }
  text += "states ";
  for (size_t i = 0; i < record.states.size();) {
    size_t end = i;
    while (end < record.states.size() && record.states[end] == record.states[i]) ++end;
    text += letters[static_cast<size_t>(record.states[i])];
    text += std::to_string(end - i);
    i = end;
  }
  return text + '\n' + std::string(end_line);
}

std::optional<RunRecord> decode(std::string_view text, uint64_t probes) {
  RunRecord record;
  if (!take_text(text, first_line)) return std::nullopt;
  for (const RecordField& field : record_fields()) {
    if (!take_text(text, field.name) || !take_text(text, " ")) return std::nullopt;
    const auto number = take_number<uint64_t>(text);
    if (!number || !take_text(text, "\n")) return std::nullopt;
    field.in(record) = *number;
  }
  if (!take_text(text, "states ")) return std::nullopt;
  record.states.reserve(probes);
  while (!text.empty() && text.front() != '\n') {
    const size_t letter = letters.find(text.front());
    text.remove_prefix(1);
    const auto count = take_number<uint64_t>(text);
    if (letter == std::string_view::npos || !count || *count > probes - record.states.size()) return std::nullopt;
    record.states.insert(record.states.end(), *count, static_cast<ProbeState>(letter));
  }
  if (!take_text(text, "\n") || text != end_line || record.states.size() != probes) return std::nullopt;
  return record;
}

}  // namespace portloop::compare
