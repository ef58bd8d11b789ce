#include "plan/late_hosts.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "support/driven_plan.hpp"
#include "support/exact_outcome.hpp"
#include "support/simulated_network.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

using Local = ProbeOrder::Block::Local;

PortSet ports_to(uint16_t last) {
  PortSet ports;
  ports.add({1, last});
  return ports;
}

/// All that is taken, if everything is asked.
std::vector<Local> take_all(LateHosts& hosts) {
  std::vector<Local> taken;
  while (!hosts.empty()) {
    taken.push_back(hosts.current());
    hosts.advance(true);
  }
  return taken;
}

/// Its hosts drop what is sent to ports that are not open.
Behaviour firewalled_link() {
  Behaviour link;
  link.rtt_us = 300;
  link.jitter_us = 50;
  link.silent_share = 1;
  link.neighbour_entries = 900;
  link.microseconds_per_ask = 0;  // all ports are drawn before any host is found
  return link;
}

Outcome run_on_link(const Behaviour& link, uint32_t hosts, uint16_t ports, uint32_t loops = 1, Shard shard = {}) {
  const ScanSpace space = space_on_link(link, hosts, ports, shard);
  return SimulatedNetwork(link, space).run(wide(), loops);
}

}  // namespace

TEST_CASE("the ports of late hosts are taken host by host in turn, early ones first, each once") {
  const PortSet ports = ports_to(500);
  const ProbeOrder order(10, ports, Order::random, 1);
  const uint32_t early = order.early_ports().count();
  REQUIRE(early > 0);
  LateHosts hosts(order, 7);
  hosts.add(3, 500);
  hosts.add(8, 500);
  CHECK(hosts.owed() == 1000);
  const std::vector<Local> taken = take_all(hosts);
  REQUIRE(taken.size() == 1000);
  std::map<uint32_t, std::set<uint32_t>> by_host;
  for (size_t i = 0; i < taken.size(); ++i) {
    CHECK(taken[i].host_in_block == (i % 2 == 0 ? 3 : 8));
    CHECK(order.is_early(taken[i].port) == (i < 2 * early));
    by_host[taken[i].host_in_block].insert(taken[i].port);
  }
  CHECK(by_host[3].size() == 500);
  CHECK(by_host[8].size() == 500);
  CHECK(hosts.owed() == 0);
}

TEST_CASE("the early ports of a host that is found later come before the others of those before it") {
  const PortSet ports = ports_to(500);
  const ProbeOrder order(10, ports, Order::random, 1);
  LateHosts hosts(order, 7);
  hosts.add(3, 500);
  for (uint32_t i = 0; i < order.early_ports().count() + 5; ++i) hosts.advance(true);
  CHECK(hosts.current().host_in_block == 3);
  hosts.add(8, 500);
  for (uint32_t i = 0; i < order.early_ports().count(); ++i) {
    CHECK(hosts.current().host_in_block == 8);
    hosts.advance(true);
  }
  CHECK(hosts.current().host_in_block == 3);
}

TEST_CASE("in sequential order, late hosts follow one another, port by port") {
  const PortSet ports = ports_to(100);
  const ProbeOrder order(10, ports, Order::sequential, 1);
  LateHosts hosts(order, 7);
  hosts.add(3, 100);
  hosts.add(2, 100);
  const std::vector<Local> taken = take_all(hosts);
  REQUIRE(taken.size() == 200);
  for (uint32_t i = 0; i < 200; ++i) {
    CHECK(taken[i].host_in_block == (i < 100 ? 3 : 2));
    CHECK(taken[i].port == i % 100);
  }
}

TEST_CASE("a late host is forgotten when nothing is owed to it, or when it is not to be asked any further") {
  const PortSet ports = ports_to(500);
  const ProbeOrder order(10, ports, Order::random, 1);
  LateHosts hosts(order, 7);
  hosts.add(3, 2);
  hosts.add(4, 500);
  hosts.advance(true);
  hosts.advance(false);  // not one of those that are owed
  hosts.advance(true);
  CHECK(hosts.owed() == 500);
  CHECK(hosts.current().host_in_block == 4);
  hosts.forget_host();
  CHECK(hosts.empty());
  CHECK(hosts.owed() == 0);
}

TEST_CASE("what was drawn while a neighbour was looked for is asked when it is found, in the same pass") {
  for (const uint32_t loops : {1U, 3U}) {
    for (const uint32_t hosts : {1U, 40U}) {
      CAPTURE(loops);
      CAPTURE(hosts);
      Behaviour link = firewalled_link();
      link.open_share = 0.01;
      const Outcome outcome = run_on_link(link, hosts, 1000, loops);
      check_exact(outcome);
      // Before the second pass, which begins 950 ms after the first.
      CHECK(outcome.last_open_us < 900'000);
    }
  }
}

TEST_CASE("what lives on a link is asked while the neighbours that are not there are looked for") {
  Behaviour link = firewalled_link();
  link.open_share = 0.01;
  link.host_share = 0.1;
  link.silent_share = 0.5;
  const Outcome outcome = run_on_link(link, 250, 500);
  check_exact(outcome);
  CHECK(outcome.last_open_us < 300'000);
}

TEST_CASE("a shard asks its own ports of a neighbour that is found") {
  for (const uint32_t number : {1U, 2U, 3U}) {
    CAPTURE(number);
    Behaviour link = firewalled_link();
    link.open_share = 0.05;
    const Outcome outcome = run_on_link(link, 5, 300, 1, {number, 3});
    check_exact(outcome);
    CHECK(outcome.probes == 500);
    CHECK(outcome.last_open_us < 900'000);
  }
}

TEST_CASE(
    "what was asked before the neighbour was found does not count, whether or not it was found in the first pass") {
  PortSet ports = ports_to(3);
  const Address host{Family::ipv4, 0, 0x0a070001};
  ScanSpace space(TargetSet({{host, host}}, {}), ports, Order::sequential, 1, {});
  space.links.on_link = space.targets.ranges();
  ProbeCursor cursor;
  PlanOptions options;
  options.rate_per_s = 0.2;  // the second port is drawn when the wait of the first has ended
  options.retries = 1;
  ProbePlan plan(space, cursor, options);
  std::map<uint16_t, int> asked_since_found;
  uint32_t waits = 0;
  const DrivenOutcome outcome = drive(plan, 4'000'000, 1'000'000'000, [&](const Ask& ask, uint64_t now_us) {
    if (ask.unresolved && ++waits == 2) plan.neighbour_event({host, NeighbourNews::confirmed}, now_us);
    if (waits == 2) ++asked_since_found[ask.endpoint.port];
    return std::nullopt;
  });
  CHECK(outcome.finished);
  CHECK(outcome.filtered == 3);
  CHECK(asked_since_found.size() == 3);
  for (const auto& asked : asked_since_found) {
    CAPTURE(asked.first);
    CHECK(asked.second >= 2);
  }
}

TEST_CASE("a plan's progress counts the ports of late hosts when they are asked") {
  ScanSpace space = space_of(1, 1000, 1);
  space.links.on_link = space.targets.ranges();
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  REQUIRE(plan.next(1000).step == ProbePlan::Step::ask);
  while (plan.next(1000).step == ProbePlan::Step::again) {
  }
  CHECK(plan.progress().drawn == 1000);  // put off: nobody knows whether the host is there
  plan.neighbour_event({space.targets.at(0), NeighbourNews::confirmed}, 2000);
  CHECK(plan.progress().drawn == 1);
  REQUIRE(plan.next(2000).step == ProbePlan::Step::ask);
  CHECK(plan.progress().drawn == 2);
}
