// The plan when the path to all hosts goes away, for good or for a while.
#include <doctest/doctest.h>

#include <array>

#include "support/driven_plan.hpp"
#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

constexpr uint64_t second_us = 1'000'000;

}  // namespace

TEST_CASE("a network that goes away for good ends the scan within a minute, and none of it is called filtered") {
  for (const uint32_t in_flight : {119U, 15000U}) {
    PlanOptions options;
    options.max_in_flight = in_flight;
    for (const uint64_t gone_at_us : {200'000U, 1'500'000U}) {
      CAPTURE(in_flight);
      CAPTURE(gone_at_us);
      const Outcome outcome =
          run({.rtt_us = 150'000, .gone_at_us = gone_at_us, .microseconds_per_ask = 20}, 1024, 100, options);
      check_exact(outcome);
      CHECK(outcome.host_lost > 0);
      CHECK(outcome.microseconds < 60 * second_us);
    }
  }
}

TEST_CASE("two loops lose a network as one does") {
  const Outcome outcome =
      run({.rtt_us = 40'000, .gone_at_us = second_us, .microseconds_per_ask = 40}, 1024, 100, wide(), 2);
  check_exact(outcome);
  CHECK(outcome.host_lost > 0);
  CHECK(outcome.microseconds < 60 * second_us);
}

TEST_CASE("a network that comes back within 20 seconds is finished, as if it had never been away") {
  for (const uint64_t away_us : {300'000U, 3'000'000U, 14'000'000U}) {
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      CAPTURE(away_us);
      CAPTURE(seed);
      const Outcome outcome = run({.rtt_us = 30'000,
                                   .silent_share = 0.3,
                                   .open_share = 0.02,
                                   .host_share = 0.5,
                                   .gone_at_us = 400'000,
                                   .back_at_us = 400'000 + away_us,
                                   .microseconds_per_ask = 40,
                                   .seed = seed},
                                  200, 100);
      check_exact(outcome);
      CHECK(outcome.host_lost == 0);
      CHECK(outcome.microseconds < away_us + 20 * second_us);
    }
  }
}

TEST_CASE("one port of each host is enough to notice that the network is gone") {
  const Outcome outcome =
      run({.rtt_us = 20'000, .open_share = 1, .host_share = 0.1, .gone_at_us = 300'000, .microseconds_per_ask = 100},
          8000, 1);
  CHECK(outcome.finished);
  CHECK(outcome.missed_open == 0);
  CHECK(outcome.host_lost > 0);
}

TEST_CASE("a block of silent hosts is judged only when something has answered since") {
  // Without retries no check is made: that the network went away in the second block is known from a witness alone.
  PlanOptions once = wide();
  once.retries = 0;
  Behaviour network{
      .rtt_us = 20'000, .open_share = 0.2, .host_share = 0.05, .gone_at_us = 3'500'000, .microseconds_per_ask = 100};
  const Outcome outcome = run(network, 65'536, 1, once);
  check_exact(outcome);
  CHECK(outcome.host_lost > 10'000);
}

TEST_CASE("what is to be made again when the path is lost is lost as well") {
  const Outcome outcome =
      run({.rtt_us = 20'000, .gone_at_us = 400'000, .doubt_share = 0.1, .microseconds_per_ask = 40}, 200, 100);
  check_exact(outcome);
  CHECK(outcome.host_lost > 0);
  CHECK(outcome.local_errors == 0);
}

TEST_CASE("hosts that were suspended one by one are one path, once their checks fail together") {
  // A slow witness makes the path's silence longer than that of the fast hosts.
  const Outcome outcome = run({.rtt_us = 1'000,
                               .slow_host_share = 0.05,
                               .slow_rtt_us = 900'000,
                               .silent_share = 0.5,
                               .host_share = 0.5,
                               .gone_at_us = 2'000'000,
                               .microseconds_per_ask = 100},
                              400, 100);
  check_exact(outcome);
  CHECK(outcome.host_lost > 0);
  CHECK(outcome.microseconds < 50 * second_us);
}

TEST_CASE("recovery checks of two hosts that went away are no evidence against the path: the hosts alone are lost") {
  const ScanSpace space = space_of(3, 300, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  std::array<uint32_t, 3> answered{};
  uint32_t recovery_checks = 0;
  const auto answer = [&](const Ask& ask, uint64_t) -> std::optional<PortState> {
    recovery_checks += ask.kind == ProbeKind::recovery;
    // Each counts as one answer that was expected: twelve in all, and a path is in doubt after sixteen.
    if (ask.kind == ProbeKind::witness) CHECK(recovery_checks == 2 * RecoverySchedule::checks_of_full_table);
    const auto host = static_cast<size_t>(ask.endpoint.address.value - space.address(0).value);
    if (host < 2 && ++answered[host] > 50) return std::nullopt;
    return PortState::closed;
  };
  const DrivenOutcome outcome = drive(plan, 200'000, 200 * second_us, answer);
  CHECK(outcome.finished);
  CHECK(recovery_checks == 2 * RecoverySchedule::checks_of_full_table);
  CHECK(outcome.host_lost == 2 * (300 - 50));
}

TEST_CASE("a path that answers nothing but checks is asked more slowly, and given up") {
  for (const uint32_t hosts : {1U, 8U}) {
    CAPTURE(hosts);
    const ScanSpace space = space_of(hosts, 200, 1);
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, wide());
    uint32_t answered = 0;
    double rate_per_s = 0;
    const DrivenOutcome outcome =
        drive(plan, 200'000, 20'000 * second_us, [&](const Ask& ask, uint64_t) -> std::optional<PortState> {
          rate_per_s = plan.flow_limit().rate_per_s();
          if (ask.kind == ProbeKind::witness || ask.kind == ProbeKind::recovery) return PortState::closed;
          if (!ask.is_probe() || ++answered > hosts * 20) return std::nullopt;
          return PortState::closed;
        });
    CHECK(outcome.finished);
    CHECK(outcome.host_lost == hosts * 180);
    CHECK(rate_per_s == 2);
  }
}

TEST_CASE("while answers come, no witness is asked") {
  const Outcome outcome = run({.rtt_us = 20'000, .microseconds_per_ask = 20}, 64, 200);
  check_exact(outcome);
  CHECK(outcome.asks == outcome.probes);
}

TEST_CASE("a route of this machine that is away for a while costs the time that it is away") {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    PlanOptions once = wide();
    if (seed % 2 == 0) once.retries = 0;  // then what was in flight has no second chance
    const Outcome outcome = run({.rtt_us = 30'000,
                                 .silent_share = 0.3,
                                 .open_share = 0.02,
                                 .host_share = 0.5,
                                 .route_lost_at_us = 400'000,
                                 .route_back_at_us = 10'400'000,
                                 .microseconds_per_ask = 40,
                                 .seed = seed},
                                200, 100, once);
    check_exact(outcome);
    CHECK(outcome.no_route == 0);
    CHECK(outcome.microseconds < 30 * second_us);
  }
}

TEST_CASE("a route that does not come back is waited for once, for 30 seconds") {
  const Outcome outcome = run({.route_lost_at_us = 400'000, .microseconds_per_ask = 40}, 200, 100);
  check_exact(outcome);
  CHECK(outcome.no_route > 0);
  CHECK(outcome.microseconds < 40 * second_us);
}
