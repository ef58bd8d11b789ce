// Hosts that begin to refuse us, in simulated networks.
#include <doctest/doctest.h>

#include <set>

#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

/// Of each host about twenty of 2,000 ports are open.
Behaviour lan(uint64_t seed) {
  return {.rtt_us = 300, .jitter_us = 50, .open_share = 0.01, .plan_holds = true, .seed = seed};
}

/// Each probe has a result, and no port is taken for closed or filtered because a ban has refused it.
void check_nothing_is_false(const Outcome& outcome) {
  CHECK(outcome.finished);
  CHECK(outcome.results == outcome.probes);
  CHECK(outcome.false_refused == 0);
  CHECK(outcome.missed_open == 0);
}

}  // namespace

TEST_CASE("what a host refuses after it has banned us is unknown, and it is asked no more") {
  for (const Reason reason : {Reason::conn_refused, Reason::port_unreach, Reason::admin_prohibited}) {
    for (const uint64_t seed : {1, 2, 3}) {
      Behaviour behaviour = lan(seed);
      behaviour.bans_after_asks = 800;
      behaviour.ban_reason = reason;
      const Outcome outcome = run(behaviour, 1, 10'000);
      CHECK(outcome.finished);
      CHECK(outcome.results == outcome.probes);
      CHECK(outcome.reported_twice == 0);
      CHECK(outcome.false_refused == 0);
      CHECK(outcome.banned >= 9'200);
      CHECK(outcome.banned < 9'400);
      CHECK(outcome.asks < 2'000);
    }
  }
}

TEST_CASE("of a host that bans us at the end, the proof at the end of the scan finds it") {
  for (const uint64_t seed : {1, 2, 3}) {
    Behaviour behaviour = lan(seed);
    behaviour.bans_after_asks = 9'900;
    const Outcome outcome = run(behaviour, 1, 10'000);
    CHECK(outcome.finished);
    CHECK(outcome.false_refused == 0);
    CHECK(outcome.banned >= 90);
    CHECK(outcome.banned < 1'000);
  }
}

TEST_CASE("a ban whose ICMP errors are limited, as Linux limits them, is told from a host that falls silent") {
  for (const uint32_t hosts : {1U, 8U}) {
    for (const uint64_t seed : {1, 2, 3}) {
      Behaviour behaviour = lan(seed);
      behaviour.bans_after_asks = 400;
      behaviour.ban_reason = Reason::port_unreach;
      behaviour.ban_answers_per_s = 10;
      const Outcome outcome = run(behaviour, hosts, 2'000);
      CAPTURE(hosts);
      CAPTURE(seed);
      check_nothing_is_false(outcome);
      CHECK(outcome.banned > hosts * 1'000);
    }
  }
}

TEST_CASE("hosts that ban us together, with few ICMP errors, are no path that is away") {
  for (const uint64_t seed : {1, 2, 3}) {
    Behaviour behaviour = lan(seed);
    behaviour.bans_after_asks = 400;
    behaviour.ban_reason = Reason::admin_prohibited;
    behaviour.ban_answers_per_s = 1;
    const Outcome outcome = run(behaviour, 8, 2'000);
    CAPTURE(seed);
    check_nothing_is_false(outcome);
    CHECK(outcome.host_lost == 0);
    CHECK(outcome.banned > 8 * 1'000);
  }
}

TEST_CASE("a path that seems to be away is not, if its witnesses refuse") {
  for (const uint64_t seed : {1, 2, 3}) {
    Behaviour behaviour = lan(seed);
    behaviour.bans_after_asks = 400;
    behaviour.ban_reason = Reason::admin_prohibited;
    behaviour.ban_answers_per_s = 0.1;
    const Outcome outcome = run(behaviour, 8, 2'000);
    CAPTURE(seed);
    CHECK(outcome.finished);
    CHECK(outcome.false_refused == 0);
    CHECK(outcome.banned > 4 * 1'500);  // the other hosts may have no ICMP error left when they are checked
    CHECK(outcome.banned + outcome.host_lost > 8 * 1'500);
  }
}

TEST_CASE("many hosts at once, with loss") {
  for (const uint64_t seed : {1, 2, 3}) {
    Behaviour behaviour = lan(seed);
    behaviour.loss_each_way = 0.03;
    behaviour.open_share = 0.05;  // each has an open port before the ban
    behaviour.bans_after_asks = 300;
    const Outcome outcome = run(behaviour, 50, 1'000);
    CHECK(outcome.finished);
    CHECK(outcome.results == outcome.probes);
    CHECK(outcome.false_refused == 0);
    CHECK(outcome.banned > 50 * 650);
  }
}

TEST_CASE("services that stop after a connection, and ports with a limit of their own, are no bans") {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    Behaviour behaviour = lan(seed);
    behaviour.one_shot_share = 0.3;
    behaviour.limited_share = 0.3;
    const Outcome outcome = run(behaviour, 4, 10'000);
    CHECK(outcome.finished);
    CHECK(outcome.banned == 0);
    CHECK(outcome.results == outcome.probes);
  }
}

TEST_CASE("a host that bans nobody costs ten proofs at most, and one round trip at the end") {
  for (const uint64_t seed : {1, 2, 3}) {
    Behaviour behaviour = lan(seed);
    behaviour.open_share = 0.00002;  // about one
    const Outcome outcome = run(behaviour, 1, 65'535);
    CHECK(outcome.finished);
    CHECK(outcome.banned == 0);
    CHECK(outcome.proofs <= 11);
  }
}

TEST_CASE("of a host with few closed ports nothing is proved") {
  Behaviour behaviour = lan(1);
  behaviour.open_share = 0.5;
  const Outcome outcome = run(behaviour, 100, 16);
  CHECK(outcome.finished);
  CHECK(outcome.proofs == 0);
}

TEST_CASE("a block that is being reported is kept until its proof has come back") {
  const ScanSpace space = space_of(1, 300, 1);
  ProbeCursor cursor;
  PlanOptions options = wide();
  options.retries = 1;
  ProbePlan plan(space, cursor, options);
  constexpr uint16_t open_port = 22;
  std::set<uint16_t> reported;
  std::optional<Ask> proof;
  uint64_t now_us = 1000, turns_with_proof = 0;
  for (bool ended = false; !ended;) {
    REQUIRE(now_us < 100'000'000);
    const ProbePlan::Next next = plan.next(now_us);
    switch (next.step) {
      case ProbePlan::Step::ask: {
        const Ask& ask = next.ask;
        ProbeResult result;
        result.endpoint = ask.endpoint;
        if (ask.kind == ProbeKind::proof) {
          CHECK_FALSE(proof);
          proof = ask;
        } else if (ask.kind == ProbeKind::fresh && ask.endpoint.port == open_port) {
          result.state = PortState::open;
          result.reason = Reason::syn_ack;
          CHECK(plan.take_answer(ask, result, 300, now_us));
        } else if (ask.kind == ProbeKind::check) {  // its port refuses now
          result.state = PortState::filtered;
          result.reason = Reason::port_unreach;
          CHECK_FALSE(plan.take_answer(ask, result, 0, now_us));
        } else {
          plan.silent(ask, now_us);
        }
        break;
      }
      case ProbePlan::Step::report:
        if (reported.empty()) now_us += 2'000'000;  // meanwhile the second look has become due
        CHECK(reported.insert(next.report.endpoint.port).second);
        break;
      case ProbePlan::Step::finished: ended = true; break;
      case ProbePlan::Step::again:
      case ProbePlan::Step::wait: now_us += 1000; break;
    }
    if (!proof || reported.size() < 299 || ++turns_with_proof < 100) continue;
    CHECK(plan.live_blocks() == 1);
    plan.silent(*proof, now_us);
    proof.reset();
  }
  CHECK(turns_with_proof == 100);
  CHECK(reported.size() == 299);
}
