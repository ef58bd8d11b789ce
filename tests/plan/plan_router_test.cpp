// The plan behind a router that holds so many connections, and drops new ones while its table is full.
#include <doctest/doctest.h>

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

}  // namespace

TEST_CASE("seven open ports among 5,000 silent ones are found behind a router that holds 1,024 connections for 30 s") {
  // Seeds whose first thousand probes find one of them: otherwise nothing tells the host from one that is not there.
  for (const uint64_t seed : {2, 3, 6, 7, 8, 9}) {
    CAPTURE(seed);
    const Outcome outcome =
        scan({.rtt_us = 20'000, .router_flows = 1024, .silent_share = 1, .open_share = 0.0014, .seed = seed}, 1, 5000);
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
