#include "cli/scan/scan_notes.hpp"

#include <string>

#include "output/folded_text.hpp"
#include "output/grouped.hpp"

namespace portloop {
namespace {

// A whole network of such hosts is one device that accepts every connection: the first few are enough to show it.
constexpr uint64_t max_reported_hosts = 10;
constexpr uint64_t max_reported_bans = 3;

// Shorter waits are not worth a line; longer ones are worth one before the scan ends.
constexpr uint64_t min_reported_wait_ms = 1000;
constexpr uint64_t long_wait_ms = 10'000;

std::string neighbour_wait_text(const portloop_stats& stats) {
  return "addresses on this machine's own links have had to wait " +
         std::to_string((stats.neighbour_wait_ms + 500) / 1000) +
         " s for room in its neighbour table (sysctl net.ipv4.neigh.default.gc_thresh3, or net.ipv6...)";
}

/// fe80::/10 is a different network on each interface.
bool needs_zone(const Address& address) {
  constexpr uint128 link_local = uint128{0xfe80} >> 6;
  return address.family == Family::ipv6 && address.zone == 0 && address.value >> 118 == link_local;
}

}  // namespace

void ScanNotes::report_no_route(const Address& address) {
  if (quiet_) return;
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

void ScanNotes::report_neighbour_wait(const portloop_stats& stats) {
  if (neighbour_wait_reported_ || quiet_ || stats.neighbour_wait_ms < long_wait_ms) return;
  neighbour_wait_reported_ = true;
  progress_.report(neighbour_wait_text(stats) + ", and others still do");
}

std::vector<std::string> unusual_texts(const portloop_stats& stats) {
  std::vector<std::string> texts;
  if (stats.local_failures > 0) {
    texts.push_back("a limit of this machine (descriptors, ports or buffers) was met " +
                    counted(stats.local_failures, "time", "times") + ": those connects were made later");
  }
  if (stats.slowed_per_s > 0) {
    texts.push_back("fewer connects were answered the faster they were made: slowed down to about " +
                    grouped(stats.slowed_per_s) + "/s at times");
  }
  if (stats.queued_loops > 0)
    texts.emplace_back(
        "answers came later and later: fewer connects were kept in flight, because they wait in a queue");
  if (stats.neighbour_wait_ms >= min_reported_wait_ms) texts.push_back(neighbour_wait_text(stats));
  return texts;
}

void ScanNotes::report_unusual(const portloop_stats& stats) {
  if (quiet_) return;
  for (const std::string& text : unusual_texts(stats)) progress_.report(text);
}

void ScanNotes::count_open(const Address& address) {
  if (stop_after_ == 0 || ++open_counts_[address] != stop_after_) return;
  if (++stopped_hosts_ > max_reported_hosts || quiet_) return;
  progress_.report(to_text(address) + " has " + std::to_string(stop_after_) +
                   (stop_after_ == 1 ? " open port" : " open ports") +
                   ": no more of its ports are probed, connects in flight still end (--stop-after)" +
                   (stopped_hosts_ == max_reported_hosts ? "; further hosts are only counted" : ""));
}

void ScanNotes::report_all_open(const Address& address, bool is_skipped) {
  if (++all_open_hosts_ > max_reported_hosts || quiet_) return;
  progress_.report(
      to_text(address) +
      " accepts connections on every port: a tarpit, a firewall that answers for it, or a proxy on the way" +
      (is_skipped ? "; no more of its ports are probed (they are with --all-ports-open scan)" : "") +
      (all_open_hosts_ == max_reported_hosts ? "; further hosts are only counted" : ""));
}

void ScanNotes::report_ban(const Address& address) {
  if (!banned_hosts_.insert(address).second || banned_hosts_.size() > max_reported_bans || quiet_) return;
  progress_.report(ban_note(address) +
                   (banned_hosts_.size() == max_reported_bans ? "; further hosts are only counted" : ""));
}

std::string ban_note(const Address& address) {
  return to_text(address) +
         " refuses connections that it accepted before: it may have banned this address, and is probed no more; what "
         "it has refused since is unknown (banned)";
}

}  // namespace portloop
