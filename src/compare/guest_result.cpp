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

struct GuestConnect {
  ProbeState state;
  uint64_t began_us, took_us;
  uint64_t end_us() const { return began_us + std::max<uint64_t>(1, took_us); }
};

/// Returns nullopt if the line is not a result.
std::optional<GuestConnect> parse_connect(std::string_view line) {
  const std::string_view word = take_word(line);
  const auto* const state = std::find_if(states.begin(), states.end(), [&](const auto& s) { return s.first == word; });
  const auto began = parse_number<uint64_t>(take_word(line), 0, UINT32_MAX),
             took = parse_number<uint64_t>(line, 0, UINT32_MAX);
  if (state == states.end() || !began || !took) return std::nullopt;
  return GuestConnect{state->second, *began, *took};
}

/// Reads a whole result: what the scan cost, and `count` connects.
Parsed<std::vector<GuestConnect>> read_connects(std::string_view text, uint64_t count, RunRecord& record) {
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
  std::vector<GuestConnect> connects;
  for (uint64_t i = 0; i < count; ++i) {
    const auto line = lines.next();
    if (!line) return lines.ended("the last result");
    const auto connect = parse_connect(*line);
    if (!connect) return lines.wrong("'STATE STARTED_US TOOK_US'");
    connects.push_back(*connect);
  }
  if (lines.next()) return lines.wrong("the end");
  return connects;
}

uint64_t max_overlap(const std::vector<GuestConnect>& connects) {
  std::vector<std::pair<uint64_t, int>> changes;  // an end before a start at the same time
  for (const GuestConnect& connect : connects) {
    changes.emplace_back(connect.began_us, 1);
    changes.emplace_back(connect.end_us(), -1);
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
  const auto connects = read_connects(text, scan.size(), record);
  if (!connects) return SpecError{connects.error()};
  record.states.assign(scan.size(), ProbeState::none);
  std::vector<uint32_t> answered;
  for (uint64_t i = 0; i < scan.size(); ++i) {
    const GuestConnect& connect = (*connects)[i];
    record.states[scan.at(i).number] = connect.state;
    if (connect.state != ProbeState::silent && connect.state != ProbeState::unknown)
      answered.push_back(static_cast<uint32_t>(std::max<uint64_t>(1, connect.took_us)));
  }
  record.set_latencies(std::move(answered));
  record.model.peak_in_flight = record.model.peak_descriptors = max_overlap(*connects);
  return record;
}

Parsed<RecordedRun> read_guest_recording(std::string_view text, const ModelScan& scan) {
  RunRecord record;
  const auto connects = read_connects(text, scan.size(), record);
  if (!connects) return SpecError{connects.error()};
  RecordedRun run;
  run.wall_us = record.wall_us;
  for (uint64_t i = 0; i < scan.size(); ++i) {
    const GuestConnect& connect = (*connects)[i];
    RecordedConnect recorded;
    recorded.start_us = static_cast<uint32_t>(connect.began_us);
    recorded.end_us = static_cast<uint32_t>(std::min<uint64_t>(connect.end_us(), UINT32_MAX));
    recorded.probe = scan.at(i).number & 0xffffff;
    recorded.state = connect.state;
    run.connects.push_back(recorded);
  }
  std::stable_sort(run.connects.begin(), run.connects.end(),
                   [](const RecordedConnect& a, const RecordedConnect& b) { return a.start_us < b.start_us; });
  std::vector<uint32_t> free_from;  // each row
  for (RecordedConnect& connect : run.connects) {
    auto row = std::find_if(free_from.begin(), free_from.end(),
                            [&connect](uint32_t free_us) { return free_us <= connect.start_us; });
    if (row == free_from.end()) row = free_from.insert(row, 0);
    *row = connect.end_us;
    connect.thread = static_cast<uint16_t>(row - free_from.begin());
  }
  return run;
}

}  // namespace portloop::compare
