// Scans of random networks, in virtual time: each ends, with one result for each probe, never has more in flight than
// it may, and takes no ordinary host for one that accepts everything.
//
//   random_networks COUNT [FIRST]     the networks FIRST, FIRST + 1, ...; exit status 1 if one of them shows a fault
#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint64_t max_virtual_us = 3'000'000'000'000;

struct Scan {
  Behaviour behaviour;
  uint32_t hosts = 1;
  uint16_t ports = 1;
  PlanOptions options;
  uint32_t loops = 1;
  uint64_t block_probes = ProbeOrder::default_block_probes;
};

/// Draws from one generator, in the order of the calls.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  bool one_in(uint32_t sides) { return below(sides) == 0; }
  uint64_t below(uint64_t bound) { return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random_); }
  double share(double max) { return std::uniform_real_distribution<>(0, max)(random_); }
  /// Small values are as likely as large ones.
  double log_scale(double min, double max) { return min * std::pow(max / min, share(1)); }

 private:
  std::mt19937_64 random_;
};

void draw_addresses(Dice& dice, Behaviour& network) {
  network.open_share = dice.one_in(2) ? dice.log_scale(0.0005, 1) : 0;
  network.early_open_share = dice.one_in(3) ? dice.log_scale(0.05, 1) : 0;
  network.silent_share = dice.one_in(2) ? dice.share(1) : 0;
  network.host_share = dice.one_in(2) ? dice.share(1) : 1;
  if (dice.one_in(6)) network.neighbour_fails_us = static_cast<uint64_t>(dice.log_scale(1e5, 1e7));
  if (dice.one_in(4)) network.unreachable_per_s = dice.log_scale(0.1, 1000);
}

void draw_path(Dice& dice, Behaviour& network) {
  network.rtt_us = static_cast<uint64_t>(dice.log_scale(100, 1e6));
  network.jitter_us = dice.one_in(2) ? static_cast<uint64_t>(dice.log_scale(10, 5e5)) : 0;
  if (dice.one_in(2)) network.loss_each_way = dice.log_scale(0.001, 0.6);
  if (dice.one_in(4)) network.rst_per_s = dice.log_scale(0.5, 5000);
  if (dice.one_in(4)) network.path_per_s = dice.log_scale(5, 20000);
  if (dice.one_in(3)) network.gone_at_us = static_cast<uint64_t>(dice.log_scale(1e4, 1e7));
  if (dice.one_in(10)) {
    network.route_lost_at_us = static_cast<uint64_t>(dice.log_scale(1e4, 1e7));
    network.route_back_at_us = network.route_lost_at_us + static_cast<uint64_t>(dice.log_scale(1e5, 1e8));
  }
  if (network.gone_at_us != UINT64_MAX && dice.one_in(2))
    network.back_at_us = network.gone_at_us + static_cast<uint64_t>(dice.log_scale(1e5, 1e8));
}

/// What stands between this machine and the hosts: an own link, a slow uplink, a router with a table.
void draw_way(Dice& dice, Behaviour& network) {
  if (dice.one_in(4)) {
    network.neighbour_entries = static_cast<uint32_t>(dice.log_scale(1, 1000));
    if (dice.one_in(3))
      network.free_entries_of_table = 1 + static_cast<uint32_t>(dice.below(network.neighbour_entries));
    if (dice.one_in(3)) network.event_share = dice.share(1);
    if (dice.one_in(3)) network.error_share = dice.share(1);
  }
  if (dice.one_in(6)) {
    network.uplink_per_s = dice.log_scale(50, 10'000);
    network.uplink_queue_us = static_cast<uint64_t>(dice.log_scale(1e4, 3e6));
  }
  if (dice.one_in(6)) {
    network.router_flows = static_cast<uint32_t>(dice.log_scale(100, 10'000));
    network.flow_hold_us = static_cast<uint64_t>(dice.log_scale(1e6, 6e7));
  }
}

/// Old entries of neighbours, and a gateway that comes and goes.
void draw_next_hops(Dice& dice, Behaviour& network) {
  if (network.neighbour_entries > 0) {
    if (dice.one_in(2)) network.old_entry_share = dice.share(1);
    if (dice.one_in(2)) network.wrong_entry_share = dice.share(1);
    if (dice.one_in(3)) network.entry_kept_us = static_cast<uint64_t>(dice.log_scale(1e5, 4e7));
  } else if (dice.one_in(4)) {
    network.behind_gateway = true;
    if (dice.one_in(2))
      network.gateway_gone_at_us = dice.one_in(2) ? 0 : static_cast<uint64_t>(dice.log_scale(1e4, 1e7));
    if (dice.one_in(2) && network.gateway_gone_at_us != UINT64_MAX)
      network.gateway_back_at_us = network.gateway_gone_at_us + static_cast<uint64_t>(dice.log_scale(1e5, 1e8));
  }
}

/// Hosts that accept everything, and decoys that find them.
void draw_decoys(Dice& dice, Scan& scan) {
  if (!dice.one_in(3)) scan.behaviour.accepting_share = dice.share(1);
  scan.behaviour.max_open_port = 29999;
  scan.options = with_decoys(scan.options, scan.behaviour.seed, dice.one_in(2));
}

/// A first router that reports connects with a hop limit of 1, perhaps for a while only.
void draw_hop(Dice& dice, Scan& scan) {
  scan.options.asks_hop = true;
  scan.behaviour.hop_reports = !dice.one_in(4);
  if (dice.one_in(3)) scan.behaviour.hop_reports_per_s = dice.log_scale(0.01, 100);
  if (dice.one_in(4)) scan.behaviour.hop_ends_reports_at_us = static_cast<uint64_t>(dice.log_scale(1e4, 1e8));
}

/// Hosts that ban us, and ports that change. With dice of their own, so that what else is drawn stays as it is.
void draw_bans(Dice dice, Behaviour& network) {
  network.plan_holds = !dice.one_in(3);
  if (dice.one_in(2)) {
    network.bans_after_asks = static_cast<uint32_t>(dice.log_scale(1, 4000));
    constexpr Reason reasons[] = {Reason::conn_refused, Reason::port_unreach, Reason::admin_prohibited};
    network.ban_reason = reasons[dice.below(std::size(reasons))];
    if (dice.one_in(3)) network.ban_answers_per_s = dice.log_scale(0.5, 1000);
  }
  if (dice.one_in(4)) network.one_shot_share = dice.share(1);
  if (dice.one_in(4)) network.limited_share = dice.share(1);
}

/// Several small blocks, whose early ports come first; seldom more than one group of them.
void draw_groups(Dice& dice, Scan& scan) {
  scan.block_probes = 1;
  scan.hosts = static_cast<uint32_t>(dice.log_scale(17, dice.one_in(8) ? 300 : 90));
  scan.ports = static_cast<uint16_t>(64 + dice.below(std::max(64U, 6000 / scan.hosts) - 63));
}

Scan draw_scan(uint64_t seed) {
  Dice dice(seed);
  Scan scan;
  scan.behaviour.seed = seed;
  scan.hosts = static_cast<uint32_t>(dice.log_scale(1, 300));
  scan.ports = static_cast<uint16_t>(std::min(dice.log_scale(1, 4000), 6000.0 / scan.hosts + 1));
  draw_addresses(dice, scan.behaviour);
  draw_path(dice, scan.behaviour);
  if (dice.one_in(6)) {
    scan.behaviour.local_failure_share = dice.share(0.2);
    scan.behaviour.doubt_share = dice.share(0.2);
  }
  scan.options.max_in_flight = static_cast<uint32_t>(dice.log_scale(1, 15000));
  scan.options.timeout_ms = dice.one_in(4) ? static_cast<uint32_t>(dice.log_scale(50, 10'000)) : 3000;
  scan.options.adaptive = !dice.one_in(8);
  if (dice.one_in(5)) scan.options.retries = static_cast<uint32_t>(dice.below(8));
  if (dice.one_in(8)) scan.options.rate_per_s = dice.log_scale(5, 10000);
  if (dice.one_in(8)) scan.options.stop_after = 1 + static_cast<uint32_t>(dice.below(3));
  scan.loops = dice.one_in(4) ? 1 + static_cast<uint32_t>(dice.below(4)) : 1;
  draw_way(dice, scan.behaviour);
  draw_next_hops(dice, scan.behaviour);
  if (dice.one_in(4)) draw_decoys(dice, scan);
  if (dice.one_in(2)) draw_hop(dice, scan);
  if (seed % 2 == 0) draw_bans(Dice(mix64(seed)), scan.behaviour);
  if (dice.one_in(4)) draw_groups(dice, scan);
  return scan;
}

double seconds(uint64_t us) { return static_cast<double>(us) * 1e-6; }

std::string describe(const Scan& s) {
  char text[1400];
  const Behaviour& b = s.behaviour;
  std::snprintf(
      text, sizeof text,
      "%u hosts x %u ports%s, open %.4f silent %.2f exist %.2f, rtt %.1f ms + %.1f, loss %.3f each way, rst %.1f/s "
      "path %.1f/s, gone %.2f s to %.2f s, fails %.2f s, unreachable %.1f/s, local %.2f; -c %u -t %u%s retries "
      "%d rate %.0f stop %u loops %u; neighbours %u (%u free, events %.2f, errors %.2f), uplink %.0f/s %.2f s, router "
      "%u "
      "flows %.1f s; old entries %.2f, wrong %.2f, kept %.1f s, gateway %d gone %.2f s to %.2f s; accepting %.2f, "
      "decoys %s, hop %s %.2f s",
      s.hosts, s.ports, s.block_probes == 1 ? " in small blocks" : "", b.open_share, b.silent_share, b.host_share,
      1e3 * seconds(b.rtt_us), 1e3 * seconds(b.jitter_us), b.loss_each_way, b.rst_per_s, b.path_per_s,
      b.gone_at_us == UINT64_MAX ? -1 : seconds(b.gone_at_us), b.back_at_us == UINT64_MAX ? -1 : seconds(b.back_at_us),
      seconds(b.neighbour_fails_us), b.unreachable_per_s, b.local_failure_share, s.options.max_in_flight,
      s.options.timeout_ms, s.options.adaptive ? "" : " fixed",
      s.options.retries ? static_cast<int>(*s.options.retries) : -1, s.options.rate_per_s, s.options.stop_after,
      s.loops, b.neighbour_entries, b.free_entries_of_table, b.event_share, b.error_share, b.uplink_per_s,
      seconds(b.uplink_queue_us), b.router_flows, seconds(b.flow_hold_us), b.old_entry_share, b.wrong_entry_share,
      seconds(b.entry_kept_us), b.behind_gateway,
      b.gateway_gone_at_us == UINT64_MAX ? -1 : seconds(b.gateway_gone_at_us),
      b.gateway_back_at_us == UINT64_MAX ? -1 : seconds(b.gateway_back_at_us), b.accepting_share,
      !s.options.decoys        ? "none"
      : s.options.decoys->stop ? "stop"
                               : "mark",
      !s.options.asks_hop ? "not asked"
      : b.hop_reports     ? "reports until"
                          : "is silent",
      b.hop_ends_reports_at_us == UINT64_MAX ? -1 : seconds(b.hop_ends_reports_at_us));
  return text;
}

/// A plan asks a port at most once a pass, with at most one check before it and min_checks_per_pass (8) after the last;
/// each host can be suspended in each pass, and witnesses be checked. A generous bound on all of them.
uint64_t max_asks(const Scan& scan, uint64_t probes) {
  const uint64_t decoys = scan.options.decoys ? uint64_t{9} * scan.hosts * scan.loops : 0;
  const uint64_t proofs = scan.behaviour.plan_holds ? uint64_t{32} * scan.hosts * scan.loops : 0;
  return uint64_t{max_passes} * (2 * probes + 64 * scan.loops + 8 * scan.hosts) + decoys + proofs;
}

/// The first router is asked once for so many asks, and then as a path is that falls silent.
uint64_t max_hop_asks(const Scan& scan, uint64_t asks) {
  return scan.options.asks_hop ? asks / 100 + 64 * scan.loops : 0;
}

/// An ask waits no longer than the timeout, and follows the one before by a second at most: a learned rate is at least
/// 1/s. Pauses after local failures are shorter; the user's rate may be lower.
uint64_t max_duration_us(const Scan& scan, uint64_t asks) {
  const double second = scan.options.rate_per_s > 0 ? std::max(1.0, 1 / scan.options.rate_per_s) : 1;
  // A neighbour table with a single entry is held by each host in turn.
  const Behaviour& b = scan.behaviour;
  const uint64_t room_us = b.neighbour_entries > 0 ? scan.hosts * (b.entry_kept_us + b.resolve_us) : 0;
  return room_us +
         static_cast<uint64_t>(static_cast<double>(asks + 100) * (second * 1e6 + 1000.0 * scan.options.timeout_ms));
}

/// A turn makes an ask, reports something, hears of an ask that ended, judges one that is late, or draws and looks for
/// work in steps. While the neighbour table is full, it looks for room every 20 ms.
uint64_t max_turns(const Scan& scan, const Outcome& outcome) {
  const uint64_t looks = scan.behaviour.neighbour_entries > 0 ? outcome.microseconds / 20'000 : 0;
  return 10 * (outcome.asks + outcome.results) + scan.loops * looks + 1000;
}

/// Why the outcome is wrong; empty if it is not.
std::string fault_of(const Scan& scan, const Outcome& outcome) {
  if (!outcome.finished) return "it does not end";
  const bool may_leave_out = scan.options.stop_after > 0 || (scan.options.decoys && scan.options.decoys->stop);
  if (outcome.results > outcome.probes || (!may_leave_out && outcome.results < outcome.probes))
    return "not one result for each probe";
  if (outcome.reported_twice > 0) return "a probe has two results";
  if (outcome.false_accept_all > 0) return "an ordinary host is said to accept everything";
  if (outcome.peak_in_flight > scan.options.max_in_flight) return "more in flight than allowed";
  if (outcome.hop_asks > max_hop_asks(scan, outcome.asks)) return "the first router is asked too often";
  if (outcome.asks > max_asks(scan, outcome.probes)) return "more asks than the passes allow";
  if (outcome.turns > max_turns(scan, outcome)) return "it turns more often than there is work";
  if (outcome.microseconds > max_duration_us(scan, outcome.asks)) return "longer than its asks can take";
  return {};
}

Outcome play(const Scan& scan) {
  ScanSpace space = space_of(scan.hosts, scan.ports, scan.behaviour.seed, Order::random, {}, scan.block_probes);
  const Behaviour& behaviour = scan.behaviour;
  if (behaviour.neighbour_entries > 0) {
    space.links.on_link = space.targets.ranges();
    for (uint64_t host = 0; host < space.targets.size(); ++host) {
      const Address address = space.targets.at(host);
      const double share = static_cast<double>(mix64(behaviour.seed + host) >> 11) * 0x1p-53;
      if (share < behaviour.old_entry_share) space.links.known.push_back({address, false});
    }
  }
  if (behaviour.behind_gateway) {
    space.links.are_known = true;
    for (const AddressRange& range : space.targets.ranges())
      space.links.gateways.push_back({range, *parse_address("192.0.2.1")});
  }
  return SimulatedNetwork(scan.behaviour, space).run(scan.options, scan.loops, max_virtual_us);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: random_networks COUNT [FIRST]\n", stderr);
    return 2;
  }
  const uint64_t count = std::strtoull(argv[1], nullptr, 10);
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  uint64_t faults = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const Scan scan = draw_scan(seed);
    const Outcome outcome = play(scan);
    const std::string fault = fault_of(scan, outcome);
    faults += !fault.empty();
    std::printf("%" PRIu64 ": %.1f s, %" PRIu64 " probes, %" PRIu64 " asks, missed %" PRIu64 ", false %" PRIu64
                ", lost %" PRIu64 ": %s%s%s\n",
                seed, seconds(outcome.microseconds), outcome.probes, outcome.asks, outcome.missed_open,
                outcome.false_filtered, outcome.host_lost, describe(scan).c_str(),
                fault.empty() ? "" : " FAULT: ", fault.c_str());
  }
  if (count == 0 || faults == 0) return 0;
  std::fprintf(stderr, "random_networks: %" PRIu64 " of %" PRIu64 " are at fault\n", faults, count);
  return 1;
}
