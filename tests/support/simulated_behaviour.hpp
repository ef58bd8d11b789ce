// What a simulated network does, and what came of a scan of it.
#pragma once

#include <cstdint>

#include "core/probe_result.hpp"

namespace portloop::testing {

/// How the simulated hosts behave. Every host has the same ports.
struct Behaviour {
  uint64_t rtt_us = 20'000;
  double slow_host_share = 0;  ///< Of the addresses; their round-trip time is `slow_rtt_us`.
  uint64_t slow_rtt_us = 600'000;
  uint64_t jitter_us = 1'000;
  double loss_each_way = 0;
  double rst_per_s = 0;   ///< 0: unlimited. A host's bucket holds a tenth of a second.
  double path_per_s = 0;  ///< 0: unlimited. SYNs beyond that are dropped, whoever they are for.
  double uplink_per_s =
      0;  ///< 0: unlimited. SYNs wait in a queue of up to `uplink_queue_us`; those beyond are dropped.
  uint64_t uplink_queue_us = 0;
  uint32_t router_flows = 0;  ///< 0: unlimited. A router holds so many, each for `flow_hold_us`, and drops new ones.
  uint64_t flow_hold_us = 30'000'000;
  bool hop_reports = false;                      ///< That router reports connects with a hop limit of 1, as Linux does.
  double hop_reports_per_s = 1;                  ///< After a burst of six.
  uint64_t hop_ends_reports_at_us = UINT64_MAX;  ///< From then on it reports none.
  double silent_share = 0;                       ///< Of the ports that are not open; the others send RSTs.
  double open_share = 0.001;
  double early_open_share = 0;      ///< Of the early ports (EarlyPorts), as those of a server behind a firewall.
  uint16_t max_open_port = 65535;   ///< Of ordinary hosts.
  double accepting_share = 0;       ///< Of the hosts; they accept connections on every port.
  double host_share = 1;            ///< Of the addresses; the others are silent, unless one of the next two is set:
  uint64_t neighbour_fails_us = 0;  ///< The interval at which all asks that wait for them end with an error; 0: never.
  double unreachable_per_s = 0;     ///< How many host-unreachables a router sends for all of them.
  uint64_t gone_at_us = UINT64_MAX;
  uint64_t back_at_us = UINT64_MAX;
  uint64_t route_lost_at_us =
      UINT64_MAX;  ///< This machine has no route; what it sent in the last 10 ms is lost as well.
  uint64_t route_back_at_us = UINT64_MAX;
  // All addresses are on an own link (ScanSpace::links), and the kernel resolves neighbours: for `resolve_us` each
  // absent one holds an entry of a table; when it is full, probes to further neighbours are dropped.
  uint32_t neighbour_entries = 0;      ///< 0: not on a link.
  uint32_t free_entries_of_table = 0;  ///< As many as the plan believes, unless set.
  uint64_t resolve_us = 3'000'000;
  uint64_t entry_kept_us = 0;    ///< How long the entry of a neighbour that was found can't be discarded.
  double old_entry_share = 0;    ///< Of the neighbours: OwnLinks::known is filled in by the caller.
  double wrong_entry_share = 0;  ///< Of the neighbours with an old entry (OwnLinks::known): they have another card now.
  uint64_t confirm_us = 8'000'000;  ///< After that the kernel finds that an old entry is wrong.
  // All addresses are behind a gateway (OwnLinks::gateways) that has no entry yet. When it is there, and when not:
  bool behind_gateway = false;
  uint64_t gateway_gone_at_us = UINT64_MAX;
  uint64_t gateway_back_at_us = UINT64_MAX;
  double event_share = 1;          ///< Of the neighbours: their events are reported, those of the others are lost.
  double error_share = 1;          ///< Of the waiting probes: the kernel reports that there is no such neighbour.
  double local_failure_share = 0;  ///< Of the asks; half of them for want of a descriptor.
  double doubt_share = 0;          ///< Of the asks: the answer is inconclusive, and they are repeated.
  double cannot_ask_share = 0;     ///< Of the ports: nothing can be sent to them from here.
  bool plan_holds = false;         ///< It may hold results: see ProbePlan::take_answer().
  // A host that has been asked so often bans us: from then on it refuses everything.
  uint32_t bans_after_asks = 0;  ///< 0: never.
  Reason ban_reason = Reason::conn_refused;
  double ban_answers_per_s = 0;  ///< Of each host; 0: unlimited. Linux limits ICMP errors.
  double one_shot_share = 0;     ///< Of the open ports: they accept one connection, and then refuse.
  double limited_share = 0;      ///< Of the open ports: after four connections, they are answered with an ICMP error.
  uint64_t microseconds_per_ask = 10;
  uint64_t seed = 1;
};

struct Outcome {
  uint64_t microseconds = 0;
  uint64_t last_open_us = 0;
  uint64_t asks = 0;
  uint64_t recovery_asks = 0;  ///< Of those: of hosts and paths that fell silent.
  uint64_t turns = 0;          ///< Moments at which the plans were asked what to do.
  uint64_t results = 0;
  uint64_t reported_twice = 0;
  uint64_t missed_open = 0;
  uint64_t false_filtered = 0;
  uint64_t host_lost = 0;
  uint64_t no_route = 0;  ///< As the plan was told, or reported by it.
  uint64_t local_errors = 0;
  uint64_t sent_on_uplink = 0;
  uint64_t refused_flows = 0;
  uint64_t path_answers = 0;
  uint64_t decoys = 0;      ///< Of the asks.
  uint64_t hop_asks = 0;    ///< Of the asks.
  uint64_t accept_all = 0;  ///< Hosts that were found to accept everything, and do.
  uint64_t false_accept_all = 0;
  uint64_t held = 0;           ///< Results of open ports that waited for decoys; all have been released at the end.
  uint64_t dropped = 0;        ///< Open ports of hosts that accept everything, and are asked no more.
  uint64_t banned = 0;         ///< Results.
  uint64_t false_refused = 0;  ///< Ports that are open, or are not filtered, and that only a ban has refused.
  uint64_t proofs = 0;         ///< Of the asks.
  uint64_t host_unreach = 0;   ///< Ports of absent neighbours that were reported as what they are.
  uint64_t table_overflows = 0;
  uint64_t asked_while_resolving = 0;  ///< Probes of neighbours for which another one waits already.
  uint32_t peak_neighbours = 0;        ///< Entries that were held at once.
  uint64_t probes = 0;
  uint32_t peak_in_flight = 0;
  bool finished = false;
};

}  // namespace portloop::testing
