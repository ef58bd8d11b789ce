// The plan behind an uplink that is slow and has a deep queue: what it sends waits, and comes back late.
#include <doctest/doctest.h>

#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

/// As long timeouts as a scan has by default.
PlanOptions slow_link() {
  PlanOptions options = wide();
  options.timeout_ms = 3000;
  return options;
}

/// The time that the uplink needs for one SYN to each port.
double shortest_us(const Behaviour& behaviour, const Outcome& outcome) {
  return 1e6 * static_cast<double>(outcome.probes) / behaviour.uplink_per_s;
}

}  // namespace

TEST_CASE("closed ports behind a deep queue are asked once each, at the uplink's rate") {
  struct Link {
    double per_s;
    uint64_t queue_us;
  };
  for (const Link link : {Link{400, 2'000'000}, {2000, 500'000}, {2000, 5'000'000}}) {
    for (const uint64_t rtt_us : {200U, 40'000U}) {
      CAPTURE(link.per_s);
      CAPTURE(rtt_us);
      const Behaviour behaviour{.rtt_us = rtt_us, .uplink_per_s = link.per_s, .uplink_queue_us = link.queue_us};
      const Outcome outcome = run(behaviour, 1, 10'000, slow_link());
      check_exact(outcome);
      CHECK(static_cast<double>(outcome.microseconds) < 1.32 * shortest_us(behaviour, outcome));
      CHECK(outcome.sent_on_uplink < 1.2 * static_cast<double>(outcome.probes));
    }
  }
}

TEST_CASE("many hosts, some of them dead, behind a deep queue") {
  const Behaviour behaviour{.rtt_us = 20'000,
                            .uplink_per_s = 1000,
                            .uplink_queue_us = 1'000'000,
                            .silent_share = 0.2,
                            .open_share = 0.01,
                            .host_share = 0.7};
  const Outcome outcome = run(behaviour, 100, 100, slow_link());
  check_exact(outcome);
  // The silent ones, nearly half, are asked three times.
  CHECK(static_cast<double>(outcome.microseconds) < 4 * shortest_us(behaviour, outcome));
  CHECK(outcome.sent_on_uplink == outcome.asks);  // none was dropped
}

TEST_CASE("two loops share a deep queue") {
  const Behaviour behaviour{.rtt_us = 5'000, .uplink_per_s = 2000, .uplink_queue_us = 1'000'000};
  const Outcome outcome = run(behaviour, 1, 20'000, slow_link(), 2);
  check_exact(outcome);
  CHECK(static_cast<double>(outcome.microseconds) < 1.5 * shortest_us(behaviour, outcome));
}

TEST_CASE("jitter is no queue: round-trip times that do not fall with the window do not shrink it") {
  const Outcome outcome = run({.rtt_us = 50'000, .jitter_us = 700'000}, 1, 20'000, slow_link());
  check_exact(outcome);
  CHECK(outcome.microseconds < 15'000'000);
}
