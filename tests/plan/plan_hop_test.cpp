// The plan behind a router that reports connects with a hop limit of 1, unless its connection table is full.
#include <doctest/doctest.h>

#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint64_t max_virtual_us = 10'000'000'000;

PlanOptions asking_hop() {
  PlanOptions options = wide();
  options.asks_hop = true;
  return options;
}

Outcome scan(const Behaviour& behaviour, uint32_t hosts, uint16_t ports, uint32_t loops = 1,
             const PlanOptions& options = asking_hop()) {
  const ScanSpace space = space_of(hosts, ports, behaviour.seed);
  return SimulatedNetwork(behaviour, space).run(options, loops, max_virtual_us);
}

/// Of the first thousand probes, none may be of an open port.
Behaviour small_router(uint64_t seed) {
  return {.rtt_us = 20'000,
          .router_flows = 1024,
          .hop_reports = true,
          .silent_share = 1,
          .open_share = 0.0014,
          .seed = seed};
}

}  // namespace

TEST_CASE("a host is found behind a full table, whether or not one of its ports was asked before that") {
  for (const uint64_t seed : {1, 5, 6, 9, 12, 20}) {
    CAPTURE(seed);
    const Outcome outcome = scan(small_router(seed), 1, 5000);
    check_exact(outcome);
    CHECK(outcome.host_lost == 0);
    CHECK(outcome.microseconds < 1'000'000'000);
    CHECK(outcome.hop_asks < 100);
  }
}

TEST_CASE("several loops fill the table together") {
  for (const uint32_t loops : {2U, 4U}) {
    CAPTURE(loops);
    const Outcome outcome = scan(small_router(5), 1, 5000, loops);
    CHECK(outcome.missed_open == 0);
    CHECK(outcome.results == outcome.probes);
  }
}

TEST_CASE("many hosts, of which none is asked an open port before the table is full") {
  Behaviour behaviour = small_router(3);
  behaviour.open_share = 0.01;
  const Outcome outcome = scan(behaviour, 20, 250);
  check_exact(outcome);
  CHECK(outcome.host_lost == 0);
}

TEST_CASE("a dead host behind an ordinary router takes no longer, and the router is asked a few times") {
  for (const uint16_t ports : {uint16_t{589}, uint16_t{5000}, uint16_t{65535}}) {
    for (const uint32_t loops : {1U, 2U, 8U}) {
      for (const double loss : {0.0, 0.1}) {
        CAPTURE(ports);
        CAPTURE(loops);
        CAPTURE(loss);
        const Behaviour dead{.loss_each_way = loss, .hop_reports = true, .host_share = 0};
        const Outcome asking = scan(dead, 1, ports, loops), not_asking = scan(dead, 1, ports, loops, wide());
        // A report that is lost costs a second at most.
        CHECK(asking.microseconds < not_asking.microseconds + (loss > 0 ? 1'200'000 : 100'000));
        CHECK(asking.hop_asks > 0);
        CHECK(asking.hop_asks <= 16);
        CHECK(asking.host_lost == 0);
      }
    }
  }
}

TEST_CASE("a router is not asked once targets answer, nor for the sake of a small scan") {
  CHECK(scan({.hop_reports = true}, 1, 5000).hop_asks <= 4);  // before the first answer
  CHECK(scan({.hop_reports = true}, 1, 50000).hop_asks <= 4);
  CHECK(scan({.hop_reports = true, .host_share = 0}, 1, 30).hop_asks == 0);
}

TEST_CASE("a router that reports nothing changes nothing") {
  Behaviour behaviour = small_router(5);
  behaviour.hop_reports = false;
  const Outcome outcome = scan(behaviour, 1, 5000);
  CHECK(outcome.microseconds < 5'000'000);
  CHECK(outcome.hop_asks <= 3);
  CHECK(outcome.missed_open > 0);
}

TEST_CASE("a router that reports less often than expected does not look full for long") {
  for (const double per_s : {0.5, 0.2, 0.1, 0.01}) {
    for (const uint64_t seed : {1, 2, 3}) {
      CAPTURE(per_s);
      const Outcome outcome =
          scan({.hop_reports = true, .hop_reports_per_s = per_s, .host_share = 0, .seed = seed}, 1, 20000);
      CHECK(outcome.microseconds < 60'000'000);
      CHECK(outcome.asks < 50'000);
    }
  }
}

TEST_CASE("a router that stops reporting loses no host that answers") {
  for (const uint64_t ends_at_us : {20'000U, 200'000U, 1'000'000U}) {
    CAPTURE(ends_at_us);
    const Outcome outcome = scan(
        {.hop_reports = true, .hop_ends_reports_at_us = ends_at_us, .silent_share = 1, .open_share = 0.005}, 1, 5000);
    CHECK(outcome.host_lost == 0);
    CHECK(outcome.missed_open == 0);
    CHECK(outcome.microseconds < 60'000'000);
  }
}

TEST_CASE("if the router falls silent for good and nothing has ever answered, nothing is called filtered after that") {
  const Outcome outcome = scan({.hop_reports = true, .hop_ends_reports_at_us = 50'000, .host_share = 0}, 1, 5000);
  CHECK(outcome.host_lost == outcome.probes);
  CHECK(outcome.microseconds < 60'000'000);
}
