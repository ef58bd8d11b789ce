#include "compare/guest_result.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "core/parse_number.hpp"

namespace portloop::compare {
namespace {

struct Measured {
  std::string_view name;
  uint64_t RunRecord::*own;
  uint64_t ModelRun::*models;
};

// The lines before the results, in their order.
constexpr std::array<Measured, 8> measured{{{"wall_us", &RunRecord::wall_us, nullptr},
                                            {"user_us", &RunRecord::user_us, nullptr},
                                            {"system_us", &RunRecord::system_us, nullptr},
                                            {"switches_voluntary", &RunRecord::switches_voluntary, nullptr},
                                            {"switches_involuntary", &RunRecord::switches_involuntary, nullptr},
                                            {"memory_kib", &RunRecord::memory_kib, nullptr},
                                            {"connects", nullptr, &ModelRun::connects},
                                            {"threads", nullptr, &ModelRun::peak_threads}}};

constexpr std::array<std::pair<std::string_view, ProbeState>, 5> states{{{"open", ProbeState::open},
                                                                         {"closed", ProbeState::closed},
                                                                         {"filtered", ProbeState::filtered},
                                                                         {"silent", ProbeState::silent},
                                                                         {"unknown", ProbeState::unknown}}};

/// Removes the first word of `line`.
std::string_view take_word(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  /// nullopt at the end of the text.
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    const size_t end = std::min(rest_.find('\n'), rest_.size());
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++number_;
    return line_;
  }
  SpecError wrong(std::string_view expected) const {
    constexpr size_t max_shown = 40;
    return SpecError{"its output is not a result: line " + std::to_string(number_) + " is " +
                     quote_word(line_.substr(0, max_shown)) + ", not " + std::string(expected)};
  }
  SpecError ended(std::string_view expected) const {
    return SpecError{"its output is not a result: it ends after " + std::to_string(number_) + " lines, before " +
                     std::string(expected)};
  }

 private:
  std::string_view rest_, line_;
  size_t number_ = 0;
};

struct Interval {
  uint64_t began_us, took_us;
};

/// Returns the state; nullopt if the line is not a result.
std::optional<ProbeState> parse_result(std::string_view line, Interval& interval) {
  const std::string_view word = take_word(line);
  const auto* const state = std::find_if(states.begin(), states.end(), [&](const auto& s) { return s.first == word; });
  const auto began = parse_number<uint64_t>(take_word(line), 0, UINT32_MAX),
             took = parse_number<uint64_t>(line, 0, UINT32_MAX);
  if (state == states.end() || !began || !took) return std::nullopt;
  interval = {*began, *took};
  return state->second;
}

uint64_t max_overlap(const std::vector<Interval>& intervals) {
  std::vector<std::pair<uint64_t, int>> changes;  // an end before a start at the same time
  for (const Interval& interval : intervals) {
    changes.emplace_back(interval.began_us, 1);
    changes.emplace_back(interval.began_us + std::max<uint64_t>(1, interval.took_us), -1);
  }
  std::sort(changes.begin(), changes.end());
  int64_t now = 0, peak = 0;
  for (const auto& [time_us, change] : changes) peak = std::max(peak, now += change);
  return static_cast<uint64_t>(peak);
}

}  // namespace

std::string guest_request(const ModelScan& scan, uint32_t in_flight) {
  std::string text;
  for (const uint64_t number : {uint64_t{scan.timeout_ms}, uint64_t{scan.retries}, uint64_t{in_flight}, scan.size()})
    text += std::to_string(number) + '\n';
  for (uint64_t i = 0; i < scan.size(); ++i) {
    const Endpoint endpoint = scan.at(i).endpoint;
    text += to_text(endpoint.address) + ' ' + std::to_string(endpoint.port) + '\n';
  }
  return text;
}

Parsed<RunRecord> read_guest_result(std::string_view text, const ModelScan& scan) {
  RunRecord record;
  Lines lines(text);
  for (const Measured& field : measured) {
    auto line = lines.next();
    const std::string expected = quote_word(std::string(field.name) + " NUMBER");
    if (!line) return lines.ended(expected);
    const bool named = take_word(*line) == field.name;
    const auto number = parse_number<uint64_t>(*line, 0, UINT64_MAX);
    if (!named || !number) return lines.wrong(expected);
    (field.own != nullptr ? record.*field.own : record.model.*field.models) = *number;
  }
  record.states.assign(scan.size(), ProbeState::none);
  std::vector<Interval> intervals(scan.size());
  std::vector<uint32_t> answered;
  for (uint64_t i = 0; i < scan.size(); ++i) {
    const auto line = lines.next();
    if (!line) return lines.ended("the last result");
    const auto state = parse_result(*line, intervals[i]);
    if (!state) return lines.wrong("'STATE STARTED_US TOOK_US'");
    record.states[scan.at(i).number] = *state;
    if (*state != ProbeState::silent && *state != ProbeState::unknown)
      answered.push_back(static_cast<uint32_t>(std::max<uint64_t>(1, intervals[i].took_us)));
  }
  if (lines.next()) return lines.wrong("the end");
  record.set_latencies(std::move(answered));
  record.model.peak_in_flight = record.model.peak_descriptors = max_overlap(intervals);
  return record;
}

}  // namespace portloop::compare
