// When silence is a verdict: loss, firewalls and hosts that do not exist. No port that answers is called filtered, and
// no port is asked more often than that needs.
#include "plan/plan.hpp"

#include <doctest/doctest.h>

#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

TEST_CASE("random loss costs some passes over the silent ports, and no answer") {
  for (const double loss : {0.01, 0.03, 0.1}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(loss);
      CAPTURE(seed);
      Behaviour lossy;
      lossy.loss_each_way = loss;
      lossy.seed = seed;
      const Outcome outcome = run(lossy, 1, 65535);
      check_exact(outcome);
      CHECK(outcome.microseconds < 5'000'000);
      CHECK(static_cast<double>(outcome.asks) < 65535 * (1.02 + 3 * loss));
    }
  }
}

TEST_CASE("a silent port is asked twice if nothing is lost") {
  Behaviour filtered;
  filtered.silent_share = 1;
  filtered.open_share = 0.0014;
  const Outcome outcome = run(filtered, 1, 10000);
  check_exact(outcome);
  CHECK(outcome.asks < 2.2 * 10000);
  CHECK(outcome.microseconds < 3'000'000);
}

TEST_CASE("open ports among the early ones promise nothing about the others") {
  for (const double share : {0.2, 0.5, 1.0}) {
    for (const uint32_t hosts : {1U, 30U, 200U}) {
      for (uint64_t seed = 1; seed <= (hosts > 100 ? 1U : 3U); ++seed) {
        CAPTURE(share);
        CAPTURE(hosts);
        CAPTURE(seed);
        const uint16_t ports = hosts == 1 ? 20000 : 1000;
        Behaviour servers;
        servers.silent_share = 1;
        servers.open_share = 0;
        servers.early_open_share = share;
        servers.seed = seed;
        const Outcome outcome = run(servers, hosts, ports);
        check_exact(outcome);
        CHECK(outcome.recovery_asks <= 1);  // the proof that the path is alive when silence is judged
        CHECK(outcome.asks < uint64_t{3} * hosts * ports + 100);
        CHECK(outcome.microseconds < 15'000'000);
      }
    }
  }
}

TEST_CASE("two loops ask a firewalled host no more often than one") {
  Behaviour filtered;
  filtered.silent_share = 1;
  filtered.open_share = 0.0014;
  const Outcome outcome = run(filtered, 1, 10000, wide(), 2);
  check_exact(outcome);
  CHECK(outcome.asks < 2.2 * 10000);
}

TEST_CASE("each port of a dead host is asked twice, or three times if there are few") {
  Behaviour dead;
  dead.host_share = 0;
  const Outcome many = run(dead, 1, 2000);
  CHECK(many.finished);
  CHECK(many.results == 2000);
  CHECK(many.asks == 4000);
  const Outcome few = run(dead, 1, 10);
  CHECK(few.results == 10);
  CHECK(few.asks == 30);
}

TEST_CASE("ICMP errors for an absent host promise no answers: its ports are asked as often as those of a silent one") {
  Behaviour no_neighbour;  // reported by the kernel for every probe that waits at that moment
  no_neighbour.host_share = 0;
  no_neighbour.neighbour_fails_us = 2'000'000;
  Behaviour limited_router;
  limited_router.host_share = 0;
  limited_router.unreachable_per_s = 1;
  Behaviour busy_router;
  busy_router.host_share = 0;
  busy_router.unreachable_per_s = 1000;
  for (const Behaviour& behaviour : {no_neighbour, limited_router, busy_router}) {
    for (const uint32_t loops : {1U, 2U}) {
      const Outcome outcome = run(behaviour, 1, 20000, wide(), loops);
      check_exact(outcome);
      CHECK(outcome.path_answers > 0);
      CHECK(outcome.asks <= 2 * 20000);
      CHECK(outcome.microseconds < 10'000'000);
    }
  }
}

TEST_CASE("ICMP errors for absent hosts keep no other host from being found") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Behaviour mixed;
    mixed.host_share = 0.2;
    mixed.open_share = 0.3;
    mixed.loss_each_way = 0.01;
    mixed.unreachable_per_s = 50;
    mixed.seed = seed;
    const Outcome outcome = run(mixed, 256, 20);
    check_exact(outcome);
    CHECK(outcome.path_answers > 0);
  }
}

TEST_CASE("scans of few ports over a lossy path are as accurate as large ones") {
  uint64_t wrong = 0;
  constexpr uint64_t scans = 400;
  for (uint64_t seed = 1; seed <= scans; ++seed) {
    Behaviour lossy;
    lossy.loss_each_way = 0.03;
    lossy.silent_share = 0.5;
    lossy.open_share = 0.2;
    lossy.seed = seed;
    for (const uint16_t ports : {uint16_t{1}, uint16_t{10}, uint16_t{60}}) {
      const Outcome outcome = run(lossy, 1, ports);
      wrong += outcome.missed_open + outcome.false_filtered;
    }
  }
  CHECK(wrong <=
        3 * scans / 300);  // about 0.1 % of the scans, three for each seed; bench/accuracy.cpp has the whole table
}

TEST_CASE("a sparse network with loss misses nothing") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Behaviour internet;
    internet.host_share = 0.1;
    internet.open_share = 0.5;
    internet.loss_each_way = 0.01;
    internet.rtt_us = 100'000;
    internet.seed = seed;
    check_exact(run(internet, 4096, 3));
  }
}
