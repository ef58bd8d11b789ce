#include "cli/scan/held_results.hpp"

#include <algorithm>

namespace portloop {

void HeldResults::add(const ProbeResult& probe, int64_t time_us) {
  held_.push_back({probe.position, time_us, probe.attempts, static_cast<int16_t>(probe.error_number), probe.reason});
}

std::vector<uint64_t> HeldResults::sorted_positions() const {
  std::vector<uint64_t> positions;
  positions.reserve(held_.size());
  for (const Held& held : held_) positions.push_back(held.position);
  std::sort(positions.begin(), positions.end());
  return positions;
}

ProbeResult HeldResults::result_of(const Held& held, const Endpoint& endpoint) {
  ProbeResult probe;
  probe.endpoint = endpoint;
  probe.position = held.position;
  probe.state = PortState::unknown;
  probe.reason = held.reason;
  probe.error_number = held.error_number;
  probe.attempts = held.attempts;
  return probe;
}

}  // namespace portloop
