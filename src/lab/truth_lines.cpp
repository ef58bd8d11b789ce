#include "lab/truth_lines.hpp"

#include "core/result_json.hpp"
#include "lab/ground_truth.hpp"

namespace portloop::lab {

void write_truth(const Profile& profile, const TargetSet& targets, const PortSet& ports, bool open_only,
                 std::string_view time, const std::function<bool(const std::string&)>& line) {
  const GroundTruth truth(profile);
  std::string text;
  for (uint64_t i = 0; i < targets.size(); ++i) {
    const Address address = targets.at(i);
    const HostTruth host = truth.host(address);
    for (uint32_t j = 0; j < ports.size(); ++j) {
      const uint16_t port = ports.at(j);
      const PortTruth answer = truth.port(host, address, port);
      if (open_only && !answer.open) continue;
      const Reason reason = reason_of(answer);
      text.clear();
      ResultRecord record;
      record.probe.endpoint = {address, port};
      record.probe.state = state_of(answer);
      record.probe.reason = reason;
      record.probe.rtt_us = reason == Reason::no_response ? 0 : host.rtt_us;
      record.probe.attempts = 1;
      record.probe.all_ports_open = host.accepts_all;
      record.time = time;
      append_result_json(text, record);
      if (!line(text)) return;
    }
  }
}

}  // namespace portloop::lab
