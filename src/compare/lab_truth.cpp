#include "compare/lab_truth.hpp"

#include <unistd.h>

#include <algorithm>

#include "core/result_json.hpp"

namespace portloop::compare {
namespace {

ProbeState probe_state_of(PortState state) {
  switch (state) {
    case PortState::open: return ProbeState::open;
    case PortState::closed: return ProbeState::closed;
    case PortState::filtered: return ProbeState::filtered;
    case PortState::unknown: break;
  }
  return ProbeState::none;
}

}  // namespace

std::string find_lab_program(const std::string& own_path) {
  const std::string beside = own_path.substr(0, own_path.rfind('/') + 1) + "portloop-lab";
  return access(beside.c_str(), X_OK) == 0 ? beside : "portloop-lab";
}

std::optional<Verdicts> read_truth(std::string_view lines, const TargetSet& targets, const PortSet& ports) {
  Verdicts truth(targets.size() * ports.size(), ProbeState::none);
  uint64_t lines_read = 0;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const auto line = parse_result_json(lines.substr(0, end), ResultFields::endpoint_and_state);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!line) return std::nullopt;
    const auto host = targets.index_of(line->probe.endpoint.address);
    const auto port = ports.index_of(line->probe.endpoint.port);
    if (!host || !port) return std::nullopt;
    truth[*host * ports.size() + *port] = probe_state_of(line->probe.state);
    ++lines_read;
  }
  if (lines_read != truth.size()) return std::nullopt;
  return truth;
}

}  // namespace portloop::compare
