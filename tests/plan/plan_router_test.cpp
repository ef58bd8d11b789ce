// The plan behind a router that holds so many connections, and drops new ones while its table is full.
#include <doctest/doctest.h>

#include <functional>

#include "support/driven_plan.hpp"
#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint64_t max_virtual_us = 10'000'000'000;

Outcome scan(const Behaviour& behaviour, uint32_t hosts, uint16_t ports) {
  const ScanSpace space = space_of(hosts, ports, behaviour.seed);
  return SimulatedNetwork(behaviour, space).run(wide(), 1, max_virtual_us);
}

struct LoneAnswerer : DrivenOutcome {
  uint32_t connections = 0;
  bool found_other = false;
  uint32_t asks_while_full = 0;
};

/// One host; port 3 answers unless `is_full` returns true for the number of an ask and its time. Port 77 is open as
/// well, and answers from `other_from_us` on, on the same condition.
LoneAnswerer scan_lone_answerer(uint16_t ports, uint64_t other_from_us,
                                const std::function<bool(uint32_t, uint64_t)>& is_full) {
  const ScanSpace space = space_of(1, ports, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  LoneAnswerer outcome;
  uint32_t asks = 0;
  static_cast<DrivenOutcome&>(outcome) =
      drive(plan, 200'000, 1'000'000'000, [&](const Ask& ask, uint64_t now) -> std::optional<PortState> {
        const uint16_t port = ask.endpoint.port;
        const bool full = is_full(++asks, now);
        outcome.connections += port == 3;
        outcome.asks_while_full += full;
        if (full || (port != 3 && (port != 77 || now < other_from_us))) return std::nullopt;
        outcome.found_other |= port == 77;
        return PortState::open;
      });
  CHECK(outcome.finished);
  return outcome;
}

}  // namespace

TEST_CASE("a lone open port that falls silent when a table may be full is no proof that the others are filtered") {
  // The table is full from some ask on, for half a minute; the first asks of port 77 are lost on the way.
  for (const uint32_t full_from : {650U, 1000U, 1300U, 1700U, 1799U}) {
    CAPTURE(full_from);
    const LoneAnswerer outcome = scan_lone_answerer(
        600, 20'000'000, [&](uint32_t ask, uint64_t now) { return ask >= full_from && now < 30'000'000; });
    CHECK(outcome.found_other);
    CHECK(outcome.filtered == 598);
    CHECK(outcome.asks_while_full < 620);  // the rest of a pass, and checks
  }
}

TEST_CASE("a lone open port that is limited is no sign of a full table if too little was asked to fill one") {
  const LoneAnswerer outcome = scan_lone_answerer(6, UINT64_MAX, [](uint32_t ask, uint64_t) { return ask > 13; });
  CHECK(outcome.filtered == 5);
  CHECK(outcome.connections <= 8);
  CHECK(outcome.microseconds < 5'000'000);
}

TEST_CASE("a lone open port that never answers a second time may have gone away with its host") {
  const LoneAnswerer outcome = scan_lone_answerer(6, UINT64_MAX, [](uint32_t ask, uint64_t) { return ask > 6; });
  CHECK(outcome.filtered == 0);
}

TEST_CASE("an own address that falls silent for two seconds now and then is no router") {
  ScanSpace space = space_of(1, 500, 1);
  space.links.own = space.targets.ranges();
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  std::vector<Ask> silent;
  uint64_t silences = 0;
  bool was_silent = false;
  uint64_t now = 3'600'000'000;  // a machine that has been up for an hour
  for (;;) {
    const ProbePlan::Next next = plan.next(now);
    if (next.step == ProbePlan::Step::finished) break;
    const bool is_silent = now % 5'000'000 < 2'000'000;
    silences += is_silent && !was_silent;
    was_silent = is_silent;
    if (next.step == ProbePlan::Step::ask && is_silent) silent.push_back(next.ask);
    if (next.step == ProbePlan::Step::ask && !is_silent) plan.answered(next.ask, PortState::closed, 50, now);
    now += next.step == ProbePlan::Step::ask ? 20'000 : 100'000;
    if (silent.size() < 5 && next.step == ProbePlan::Step::ask) continue;
    for (const Ask& ask : silent) plan.silent(ask, now);
    silent.clear();
  }
  CHECK(silences > 2);
  CHECK(plan.flow_limit().rate_per_s() == 0);
}

TEST_CASE("seven open ports among 5,000 silent ones are found behind a router that holds 1,024 connections for 30 s") {
  // Seeds whose first thousand probes find one of them: otherwise nothing tells the host from one that is not there.
  for (const uint64_t seed : {2, 3, 7, 8, 10, 15}) {
    CAPTURE(seed);
    const Outcome outcome =
        scan({.rtt_us = 20'000, .router_flows = 1024, .silent_share = 1, .open_share = 0.0014, .seed = seed}, 1, 5000);
    check_exact(outcome);
    CHECK(outcome.host_lost == 0);
  }
}

TEST_CASE("a server's usual ports are asked before such a router is full") {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    const Outcome outcome = scan({.rtt_us = 20'000,
                                  .router_flows = 1024,
                                  .silent_share = 1,
                                  .open_share = 0.0005,
                                  .early_open_share = 0.5,
                                  .seed = seed},
                                 1, 5000);
    check_exact(outcome);
    CHECK(outcome.host_lost == 0);
  }
}

TEST_CASE("many hosts behind such a router") {
  const Outcome outcome =
      scan({.rtt_us = 20'000, .router_flows = 1024, .silent_share = 0.5, .open_share = 0.01}, 20, 250);
  check_exact(outcome);
  CHECK(outcome.host_lost == 0);
}

TEST_CASE("a router whose connections end sooner") {
  const Outcome outcome =
      scan({.rtt_us = 20'000, .router_flows = 500, .flow_hold_us = 5'000'000, .silent_share = 0.9, .open_share = 0.01},
           4, 500);
  check_exact(outcome);
  CHECK(outcome.host_lost == 0);
}

TEST_CASE("a table that is full at the same point of a pass each time is asked more slowly, until the pass goes on") {
  PlanOptions options = wide();
  options.max_in_flight = 541;
  for (const uint64_t seed : {3, 9}) {
    CAPTURE(seed);
    const Behaviour behaviour = {.rtt_us = 300,
                                 .jitter_us = 5'800,
                                 .loss_each_way = 0.42,
                                 .router_flows = 104,
                                 .flow_hold_us = 4'900'000,
                                 .silent_share = 0.2,
                                 .open_share = 0.016,
                                 .host_share = 0.17,
                                 .seed = seed};
    const ScanSpace space = space_of(165, 37, seed);
    const Outcome outcome = SimulatedNetwork(behaviour, space).run(options, 1, 10 * max_virtual_us);
    CHECK(outcome.results == outcome.probes);
    CHECK(outcome.host_lost < outcome.probes / 10);
  }
}
