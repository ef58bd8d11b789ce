#include "cli/scan/scan_notes.hpp"

#include <string>

#include "output/grouped.hpp"

namespace portloop {
namespace {

/// fe80::/10 is a different network on each interface.
bool needs_zone(const Address& address) {
  constexpr uint128 link_local = uint128{0xfe80} >> 6;
  return address.family == Family::ipv6 && address.zone == 0 && address.value >> 118 == link_local;
}

}  // namespace

void ScanNotes::report_no_route(const Address& address) {
  const std::string text = to_text(address);
  const std::string hint =
      needs_zone(address) ? ": a link-local address needs its interface, as in " + text + "%eth0" : "";
  progress_.report("no route from this machine to " + text + hint);
}

std::string flow_limit_text(const portloop_stats& stats) {
  const std::string rate = std::to_string(stats.flow_limit_per_s);
  return "new connections went unanswered after about " + grouped(stats.flow_limit_flows) + " of them, for " +
         std::to_string((stats.flow_limit_hold_ms + 500) / 1000) +
         " s, twice: the connection table of a router may be full. Slowed down to " + rate + "/s; -r " + rate +
         " would have kept it from filling up";
}

void ScanNotes::report_flow_limit(const portloop_stats& stats) {
  if (flow_limit_reported_ || quiet_ || stats.flow_limit_per_s == 0) return;
  flow_limit_reported_ = true;
  progress_.report(flow_limit_text(stats));
}

void ScanNotes::count_open(const Address& address) {
  if (stop_after_ == 0 || ++open_counts_[address] != stop_after_) return;
  // A whole network of such hosts is one device that accepts every connection: the first few are enough to show it.
  constexpr uint64_t max_reported_hosts = 10;
  if (++stopped_hosts_ > max_reported_hosts || quiet_) return;
  progress_.report(to_text(address) + " has " + std::to_string(stop_after_) +
                   (stop_after_ == 1 ? " open port" : " open ports") +
                   ": no more of its ports are probed, connects in flight still end (--stop-after)" +
                   (stopped_hosts_ == max_reported_hosts ? "; further hosts are only counted" : ""));
}

}  // namespace portloop
