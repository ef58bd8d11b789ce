#include "lab/truth_lines.hpp"

#include "core/probe_result.hpp"
#include "lab/ground_truth.hpp"

namespace portloop::lab {

void write_truth(const Profile& profile, const TargetSet& targets, const PortSet& ports, bool open_only,
                 std::string_view time, const std::function<bool(const std::string&)>& line) {
  const GroundTruth truth(profile);
  std::string text;
  for (uint64_t i = 0; i < targets.size(); ++i) {
    const Address address = targets.at(i);
    const std::string address_text = to_text(address);
    const HostTruth host = truth.host(address);
    for (uint32_t j = 0; j < ports.size(); ++j) {
      const uint16_t port = ports.at(j);
      const PortTruth answer = truth.port(host, address, port);
      if (open_only && !answer.open) continue;
      const Reason reason = reason_of(answer);
      const uint32_t rtt_us = reason == Reason::no_response ? 0 : host.rtt_us;
      text.clear();
      text += "{\"address\":\"" + address_text + "\",\"port\":" + std::to_string(port);
      text += ",\"protocol\":\"tcp\",\"state\":\"" + std::string(to_text(state_of(answer)));
      text += "\",\"reason\":\"" + std::string(to_text(reason)) + "\",\"rtt_us\":" + std::to_string(rtt_us);
      text += ",\"attempts\":1,\"service\":\"\",\"time\":\"" + std::string(time) + "\"}\n";
      if (!line(text)) return;
    }
  }
}

}  // namespace portloop::lab
