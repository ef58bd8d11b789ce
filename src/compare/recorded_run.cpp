#include "compare/recorded_run.hpp"

#include <algorithm>
#include <tuple>
#include <type_traits>

#include "compare/take_text.hpp"
#include "core/parse_number.hpp"

namespace portloop::compare {
namespace {

constexpr std::string_view first_line = "portloop-recording 1\n";
constexpr std::string_view last_line = "end\n";

/// Takes numbers that are separated by spaces and end with the line.
template <class... Numbers>
bool take_line(std::string_view& text, Numbers&... numbers) {
  size_t left = sizeof...(numbers);
  const auto one = [&](auto& number) {
    const auto value = take_number<std::remove_reference_t<decltype(number)>>(text);
    if (!value) return false;
    number = *value;
    return take_text(text, --left == 0 ? "\n" : " ");
  };
  return (one(numbers) && ...);
}

template <class... Numbers>
void append_line(std::string& text, Numbers... numbers) {
  size_t left = sizeof...(numbers);
  ((text += std::to_string(numbers), text += --left == 0 ? '\n' : ' '), ...);
}

bool take_connects(std::string_view& text, RecordedRun& run) {
  uint64_t count = 0;
  if (!take_text(text, "connects ") || !take_line(text, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    RecordedConnect connect;
    uint32_t probe = 0, state = 0;
    if (!take_line(text, connect.start_us, connect.end_us, probe, state, connect.thread, connect.slot)) return false;
    if (probe > 0xffffff || state > static_cast<uint32_t>(ProbeState::unknown) || connect.end_us < connect.start_us)
      return false;
    connect.probe = probe & 0xffffff;
    connect.state = static_cast<ProbeState>(state);
    run.connects.push_back(connect);
  }
  return true;
}

bool take_turns(std::string_view& text, RecordedRun& run) {
  uint64_t count = 0;
  if (!take_text(text, "turns ") || !take_line(text, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    RecordedTurn turn;
    if (!take_line(text, turn.start_us, turn.end_us, turn.loop, turn.started, turn.ended)) return false;
    if (turn.end_us < turn.start_us) return false;
    run.turns.push_back(turn);
  }
  return true;
}

}  // namespace

std::string_view connect_outcome(ProbeState state) {
  switch (state) {
    case ProbeState::none: break;
    case ProbeState::open: return "open";
    case ProbeState::closed: return "closed";
    case ProbeState::filtered: return "filtered";
    case ProbeState::silent: return "no answer";
    case ProbeState::unknown: return "repeated";
  }
  return "cut off";
}

RecordedRun recorded_run(const Recording& recording, uint64_t wall_us) {
  RecordedRun run{wall_us, recording.connects_left_out(), recording.connects(), recording.turns()};
  std::sort(run.connects.begin(), run.connects.end(), [](const RecordedConnect& a, const RecordedConnect& b) {
    return std::tuple(a.start_us, a.end_us, a.thread, a.slot) < std::tuple(b.start_us, b.end_us, b.thread, b.slot);
  });
  std::sort(run.turns.begin(), run.turns.end(), [](const RecordedTurn& a, const RecordedTurn& b) {
    return std::tuple(a.start_us, a.loop) < std::tuple(b.start_us, b.loop);
  });
  return run;
}

std::vector<InFlightPoint> in_flight_curve(const RecordedRun& run) {
  // In one microsecond: the ends of earlier connects, then those that start and end in it, then the other starts.
  enum Order : uint8_t { earlier_ends, starts_and_ends, starts };
  std::vector<std::pair<uint32_t, Order>> events;
  for (const RecordedConnect& connect : run.connects) {
    if (connect.start_us == connect.end_us) {
      events.emplace_back(connect.start_us, starts_and_ends);
      continue;
    }
    events.emplace_back(connect.start_us, starts);
    events.emplace_back(connect.end_us, earlier_ends);
  }
  std::sort(events.begin(), events.end());
  std::vector<InFlightPoint> curve;
  uint32_t now = 0;
  for (const auto& [at_us, order] : events) {
    switch (order) {
      case earlier_ends: curve.push_back({at_us, --now}); break;
      case starts_and_ends: curve.insert(curve.end(), {{at_us, now + 1}, {at_us, now}}); break;
      case starts: curve.push_back({at_us, ++now}); break;
    }
  }
  return curve;
}

uint32_t peak_in_flight(const RecordedRun& run) {
  uint32_t peak = 0;
  for (const InFlightPoint& point : in_flight_curve(run)) peak = std::max(peak, point.connects);
  return peak;
}

std::string encode(const RecordedRun& run) {
  std::string text(first_line);
  append_line(text, run.wall_us, run.left_out);
  text += "connects ";
  append_line(text, run.connects.size());
  for (const RecordedConnect& c : run.connects)
    append_line(text, c.start_us, c.end_us, uint32_t{c.probe}, static_cast<uint32_t>(c.state), c.thread, c.slot);
  text += "turns ";
  append_line(text, run.turns.size());
  for (const RecordedTurn& t : run.turns) append_line(text, t.start_us, t.end_us, t.loop, t.started, t.ended);
  return text + std::string(last_line);
}

std::optional<RecordedRun> decode_recorded(std::string_view text) {
  RecordedRun run;
  if (!take_text(text, first_line) || !take_line(text, run.wall_us, run.left_out)) return std::nullopt;
  if (!take_connects(text, run) || !take_turns(text, run) || text != last_line) return std::nullopt;
  return run;
}

}  // namespace portloop::compare
