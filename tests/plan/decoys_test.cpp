// Hosts that accept connections on every port are found by decoys, and no other host is taken for one.
#include "plan/decoys.hpp"

#include <doctest/doctest.h>

#include <set>

#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;
using Decision = Decoys::Decision;

namespace {

constexpr Decoys::Suspect host{3, 7};

Decoys decoys_of(uint16_t first = 30000, uint64_t seed = 1) {
  auto ports = std::make_shared<PortSet>();
  ports->add({first, 65535});
  return Decoys({ports, seed, false});
}

}  // namespace

TEST_CASE("five accepted decoys show a host that accepts everything; two are asked first") {
  Decoys decoys = decoys_of();
  decoys.begin(host, 42);
  std::set<uint16_t> ports;
  const auto ask = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const auto decoy = decoys.next();
      REQUIRE(decoy);
      CHECK(decoy->of == host);
      CHECK(decoy->port >= 30000);
      ports.insert(decoy->port);
    }
    CHECK_FALSE(decoys.next());
  };
  ask(2);
  CHECK(decoys.ended(host, DecoyOutcome::accepted) == Decision::none);
  CHECK_FALSE(decoys.any_due());
  CHECK(decoys.ended(host, DecoyOutcome::accepted) == Decision::none);
  ask(3);
  CHECK(decoys.ended(host, DecoyOutcome::accepted) == Decision::none);
  CHECK(decoys.ended(host, DecoyOutcome::accepted) == Decision::none);
  CHECK(decoys.ended(host, DecoyOutcome::accepted) == Decision::accepts_all);
  CHECK(ports.size() == 5);
  CHECK_FALSE(decoys.any_due());
}

TEST_CASE("one refused decoy shows an ordinary host, and what ends later is ignored") {
  Decoys decoys = decoys_of();
  decoys.begin(host, 42);
  decoys.next();
  decoys.next();
  CHECK(decoys.ended(host, DecoyOutcome::refused) == Decision::ordinary);
  CHECK(decoys.ended(host, DecoyOutcome::accepted) == Decision::none);
  CHECK_FALSE(decoys.any_due());
}

TEST_CASE("a silent decoy is replaced, and four of them are the end") {
  Decoys decoys = decoys_of();
  decoys.begin(host, 42);
  int asked = 0;
  Decision decision = Decision::none;
  while (decision == Decision::none) {
    while (decoys.next()) ++asked;
    decision = decoys.ended(host, DecoyOutcome::silent);
  }
  CHECK(decision == Decision::ordinary);
  CHECK(asked == 4);
}

TEST_CASE("a host that loses most of its decoys is not waited for forever") {
  Decoys decoys = decoys_of();
  decoys.begin(host, 42);
  int asked = 0;
  bool accepted = false;
  Decision decision = Decision::none;
  while (decision == Decision::none) {
    while (decoys.next()) ++asked;
    decision = decoys.ended(host, accepted ? DecoyOutcome::silent : DecoyOutcome::accepted);
    accepted = true;
  }
  CHECK(decision == Decision::ordinary);
  CHECK(asked == 9);
}

TEST_CASE("decoys are spread over the ports, and depend on the seed") {
  std::set<std::set<uint16_t>> drawn;
  for (const uint64_t seed : {1, 2, 3}) {
    Decoys decoys = decoys_of(1, seed);
    decoys.begin(host, 42);
    std::set<uint16_t> ports;
    for (int i = 0; i < 5; ++i) {
      if (!decoys.any_due()) decoys.ended(host, DecoyOutcome::accepted);
      const auto decoy = decoys.next();
      if (decoy)
        ports.insert(decoy->port);
      else
        --i;
    }
    CHECK(*ports.rbegin() - *ports.begin() > 32768);
    drawn.insert(ports);
  }
  CHECK(drawn.size() == 3);
}

TEST_CASE("hosts that accept everything are found in spite of loss, and no others are") {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    for (const double silent : {0.0, 1.0}) {
      CAPTURE(seed);
      CAPTURE(silent);
      Behaviour mixed;
      mixed.accepting_share = 0.1;
      mixed.open_share = 0.2;  // of 20 ports
      mixed.silent_share = silent;
      mixed.max_open_port = 29999;
      mixed.loss_each_way = 0.05;
      mixed.seed = seed;
      const ScanSpace space = space_of(1000, 20, seed);
      SimulatedNetwork network(mixed, space);
      uint64_t accepting = 0;
      for (uint64_t target = 0; target < space.targets.size(); ++target)
        accepting += network.accepts_all(space.targets.at(target));
      const Outcome outcome = network.run(with_decoys(wide(), seed, true));
      CHECK(outcome.finished);
      CHECK(outcome.accept_all * 100 >= accepting * 99);
      CHECK(outcome.false_accept_all == 0);
      CHECK(outcome.reported_twice == 0);
      CHECK(outcome.results + outcome.dropped <= outcome.probes);
    }
  }
}

TEST_CASE("a host of which all scanned ports are open is not one that accepts everything") {
  const ScanSpace space = space_of(50, 100, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, with_decoys(wide(), 1, true));
  uint64_t now = 1, open = 0, decoys = 0;
  bool finished = false;
  while (!finished) {
    const ProbePlan::Next& next = plan.next(now);
    if (next.step == ProbePlan::Step::ask) {
      const Ask ask = next.ask;
      const bool is_decoy = ask.kind == ProbeKind::decoy;
      CHECK(is_decoy == (ask.endpoint.port >= 30000));
      decoys += is_decoy;
      plan.answered(ask, is_decoy ? PortState::closed : PortState::open, 300, ++now);
      if (!is_decoy) {
        ++open;
        CHECK(plan.open_port_use(ask) != ProbePlan::OpenPortUse::drop);
      }
    } else {
      ++now;
    }
    while (const auto finding = plan.next_host_finding()) CHECK_FALSE(finding->accepts_all);
    finished = next.step == ProbePlan::Step::finished;
  }
  CHECK(open == 50 * 100);
  CHECK(decoys >= 50);
  CHECK(decoys <= 2 * 50);
}

TEST_CASE("a host that accepts everything is asked no more, or marked only") {
  Behaviour proxy;
  proxy.accepting_share = 1;
  for (const bool stop : {true, false}) {
    for (const uint32_t loops : {1U, 3U}) {
      const Outcome outcome = run(proxy, 1, 20000, with_decoys(wide(), 1, stop), loops);
      CHECK(outcome.finished);
      CHECK(outcome.accept_all == loops);
      CHECK(outcome.decoys == 5 * loops);
      if (stop) {
        CHECK(outcome.results == loops);
      } else {
        CHECK(outcome.results == 20000);
        CHECK(outcome.held < 5000);
      }
    }
  }
}

TEST_CASE("without decoys nothing is held, and with them a firewalled host costs four of them at most") {
  Behaviour firewalled;
  firewalled.silent_share = 1;
  firewalled.open_share = 0.3;
  firewalled.max_open_port = 29999;
  const Outcome without = run(firewalled, 20, 10);
  const Outcome with = run(firewalled, 20, 10, with_decoys(wide(), 1, true));
  check_exact(without);
  CHECK(without.held == 0);
  CHECK(with.finished);
  CHECK(with.false_accept_all == 0);
  CHECK(with.decoys <= 4 * 20);
}

TEST_CASE("a path that goes away while hosts are undecided holds no result back") {
  Behaviour lost;
  lost.open_share = 0.5;
  lost.gone_at_us = 25'000;
  const Outcome outcome = run(lost, 30, 40, with_decoys(wide(), 1, true));
  CHECK(outcome.finished);
  CHECK(outcome.results == outcome.probes);
}

TEST_CASE("the next pass does not wait for decoys") {
  Behaviour firewalled;
  firewalled.rtt_us = 600'000;
  firewalled.silent_share = 1;
  firewalled.open_share = 0.2;
  firewalled.max_open_port = 29999;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    firewalled.seed = seed;
    const Outcome without = run(firewalled, 100, 5);
    const Outcome with = run(firewalled, 100, 5, with_decoys(wide(), seed, true));
    check_exact(with);
    CHECK(with.asks > without.asks);
    CHECK(with.microseconds < without.microseconds + 1'000'000);  // the last decoys' own wait
  }
}
