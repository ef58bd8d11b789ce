#include "lab/counters.hpp"

#include <algorithm>
#include <string_view>

namespace portloop::lab {

void PeakRate::add(uint64_t now_ns) {
  const uint64_t step = now_ns / step_ns;
  for (uint64_t gone = 0; step_ + gone < step && gone < steps; ++gone) {
    uint32_t& oldest = counts_[(step_ + gone + 1) % steps];
    in_window_ -= oldest;
    oldest = 0;
  }
  step_ = std::max(step, step_);
  ++counts_[step_ % steps];
  peak_ = std::max(peak_, ++in_window_);
}

bool Counters::bottleneck() const {
  constexpr uint64_t one_in = 100;
  return device_drops > 0 || write_failures > 0 || late * one_in > packets_out;
}

std::string to_json(const Counters& counters) {
  std::string line = "{";
  const auto add = [&line](std::string_view name, uint64_t value) {
    line += '"' + std::string(name) + "\":" + std::to_string(value) + ',';
  };
  add("syns", counters.syns);
  add("syn_repeated", counters.syn_repeated);
  add("dropped", counters.dropped);
  add("rst_withheld", counters.rst_withheld);
  add("icmp_withheld", counters.icmp_withheld);
  add("hop_limit_reached", counters.hop_limit_reached);
  add("router_dropped", counters.router_dropped);
  add("flows_evicted", counters.flows_evicted);
  add("peak_flows", counters.peak_flows);
  add("uplink_dropped", counters.uplink_dropped);
  add("solicitations", counters.solicitations);
  add("peak_half_open", counters.peak_half_open);
  add("peak_rate_per_second", counters.syn_rate.per_second());
  add("packets_in", counters.packets_in);
  add("packets_out", counters.packets_out);
  add("late", counters.late);
  add("device_drops", counters.device_drops);
  add("write_failures", counters.write_failures);
  line += counters.bottleneck() ? "\"bottleneck\":true}\n" : "\"bottleneck\":false}\n";
  return line;
}

}  // namespace portloop::lab
