// How many times the plan asks a port, and when: one host, whose answers the test makes up or simulates. Time is
// virtual, so speed is exact on any machine. The parts of the plan have tests of their own; plan_*_test.cpp cover the
// rest of it.
#include "plan/plan.hpp"

#include <doctest/doctest.h>

#include "support/driven_plan.hpp"
#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

TEST_CASE("each port of a host that answers at once is asked once") {
  Behaviour lan;
  lan.rtt_us = 300;
  lan.jitter_us = 50;
  const Outcome outcome = run(lan, 1, 65535);
  check_exact(outcome);
  CHECK(outcome.asks == 65535);
  CHECK(outcome.microseconds < 700'000);
}

TEST_CASE("a host that answers shortens the wait of what it was asked before") {
  Behaviour filtered;
  filtered.silent_share = 1;
  filtered.open_share = 0.1;
  const Outcome outcome = run(filtered, 1, 300);  // all asked before the first answer is back
  check_exact(outcome);
  CHECK(outcome.microseconds <
        1'100'000);  // 0.2 s, and twice 0.4 s; it would be a second for a host that never answered
}

TEST_CASE("progress: all of the first pass is sent, then a part of each further one, and nothing is left at the end") {
  const ScanSpace space = space_of(1, 200, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  CHECK(plan.progress().pass == 1);
  CHECK(plan.progress().drawn == 0);
  uint32_t max_pass = 0, asks = 0;
  uint64_t last_sent = 0;
  const DrivenOutcome outcome = drive(plan, 2'000'000, UINT64_MAX, [&](const Ask& ask, uint64_t) {
    const ProbePlan::Progress progress = plan.progress();
    CHECK(progress.pass == ask.pass);
    CHECK(progress.expected_passes == 3);
    CHECK(progress.drawn == std::min(++asks, 200U));
    if (progress.pass > 1) {
      CHECK(progress.pass_size == 200);
      CHECK(progress.pass_sent <= 200);
      CHECK((progress.pass > max_pass || progress.pass_sent > last_sent));
      last_sent = progress.pass_sent;
    }
    max_pass = std::max(max_pass, progress.pass);
    return std::optional<PortState>();
  });
  CHECK(outcome.filtered == 200);
  CHECK(max_pass == 3);
  CHECK(plan.progress().pass == 0);
  CHECK(plan.progress().drawn == 200);
}

TEST_CASE("a host that has enough open ports is not asked again, not even by a check") {
  const ScanSpace space = space_of(1, 30, 1);
  ProbeCursor cursor;
  PlanOptions options = wide();
  options.stop_after = 1;
  ProbePlan plan(space, cursor, options);
  uint32_t asked_22 = 0, asks_afterwards = 0;
  bool found = false;
  std::vector<Ask> silent;
  for (uint64_t now = 1;;) {
    const ProbePlan::Next next = plan.next(now);
    if (next.step == ProbePlan::Step::finished) break;
    if (next.step == ProbePlan::Step::ask) {
      asks_afterwards += found;
      if (next.ask.endpoint.port == 22 && ++asked_22 == 2) {  // open, but only the second pass is answered
        plan.answered(next.ask, PortState::open, 100, now);
        found = true;
      } else if (next.ask.endpoint.port == 1) {  // a closed port, which a check would prefer
        plan.answered(next.ask, PortState::closed, 100, now);
      } else {
        silent.push_back(next.ask);
      }
    } else if (next.step == ProbePlan::Step::wait) {
      now += 2'000'000;
      for (const Ask& ask : silent) plan.silent(ask, now);
      silent.clear();
    }
  }
  CHECK(found);
  CHECK(asks_afterwards == 0);
  CHECK(plan.not_asked() == 28);  // all but the two that have answered
}

TEST_CASE("a probe that waits for a socket when its host is stopped is not asked, and counted") {
  const ScanSpace space = space_of(1, 30, 1);
  ProbeCursor cursor;
  PlanOptions options = wide();
  options.stop_after = 1;
  ProbePlan plan(space, cursor, options);
  uint64_t now = 1;
  const Ask put_back = plan.next(now).ask, open = plan.next(now).ask;
  plan.put_back(put_back, 99, false, now);
  plan.answered(open, PortState::open, 100, now);
  for (int i = 0; i < 100; ++i) {
    const ProbePlan::Next next = plan.next(now);
    if (next.step == ProbePlan::Step::finished) break;
    REQUIRE(next.step != ProbePlan::Step::ask);
    REQUIRE(next.step != ProbePlan::Step::report);
    if (next.step == ProbePlan::Step::wait) now = std::max(now + 1, next.wait_until_us);
  }
  CHECK(plan.next(now).step == ProbePlan::Step::finished);
  CHECK(plan.not_asked() == 29);  // all but the open one
}

TEST_CASE("a server that alone answers gets one connection more in each pass, however many other ports are silent") {
  const ScanSpace space = space_of(1, 5000, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  uint32_t connections = 0;
  const auto answer = [&connections](const Ask& ask, uint64_t) -> std::optional<PortState> {
    if (ask.endpoint.port != 22) return std::nullopt;
    ++connections;
    return PortState::open;
  };
  CHECK(drive(plan, 2'000'000, 100'000'000, answer).finished);
  CHECK(connections == 3);
}

TEST_CASE("--retries N asks a silent port exactly N times again") {
  Behaviour dead;
  dead.host_share = 0;
  for (const uint32_t retries : {0U, 1U, 3U}) {
    PlanOptions options = wide();
    options.retries = retries;
    const Outcome outcome = run(dead, 1, 100, options);
    CHECK(outcome.finished);
    CHECK(outcome.asks == 100 * (retries + 1));
  }
}

TEST_CASE("a timeout never ends between the kernel's resend and its answer") {
  ProbeCursor cursor;
  const ScanSpace space = space_of(1, 10, 1);
  PlanOptions options = wide();
  options.timeout_ms = 1000;
  ProbePlan plan(space, cursor, options);
  CHECK(plan.next(1).ask.timeout_us == 950'000);
}

TEST_CASE("a probe that fails on this machine is asked again, and is unknown only if it never succeeds") {
  const ScanSpace space = space_of(1, 3, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  uint64_t now = 1;
  int failures = 0, unknown = 0, answered = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto next = plan.next(now);
    if (next.step == ProbePlan::Step::finished) break;
    if (next.step == ProbePlan::Step::wait) now = std::max(now + 1, next.wait_until_us);
    if (next.step == ProbePlan::Step::report) {
      CHECK(next.report.state == PortState::unknown);
      CHECK(next.report.reason == Reason::local_error);
      CHECK(next.report.error_number == 99);
      ++unknown;
    }
    if (next.step != ProbePlan::Step::ask) continue;
    if (next.ask.endpoint.port == 2) {
      ++failures;
      plan.put_back(next.ask, 99, false, now);
    } else {
      plan.answered(next.ask, PortState::closed, 100, now);
      ++answered;
    }
  }
  CHECK(plan.next(now).step == ProbePlan::Step::finished);
  CHECK(unknown == 1);
  CHECK(answered == 2);
  CHECK(failures >= 8);
  CHECK(now > 5'000'000);
}

TEST_CASE("a lone open port that is limited is left alone, and its silence is no evidence about the others") {
  for (const uint16_t ports : {uint16_t{6}, uint16_t{600}}) {
    const ScanSpace space = space_of(1, ports, 1);
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, wide());
    uint32_t connections = 0;
    const auto answer = [&connections](const Ask& ask, uint64_t) -> std::optional<PortState> {
      if (ask.endpoint.port != 3 || ++connections > 6) return std::nullopt;
      return PortState::open;
    };
    const DrivenOutcome outcome = drive(plan, 500'000, 100'000'000, answer);
    CHECK(connections <= 20);
    CHECK(outcome.filtered == ports - 1U);
    CHECK(outcome.microseconds < 8'000'000);
  }
}

TEST_CASE("after three checks in vain an open port that has answered one is taken for limited, and asked no more") {
  const ScanSpace space = space_of(1, 6, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  uint32_t connections = 0;
  const auto answer = [&connections](const Ask& ask, uint64_t) -> std::optional<PortState> {
    if (ask.endpoint.port != 3 || ++connections > 2) return std::nullopt;
    return PortState::open;
  };
  const DrivenOutcome outcome = drive(plan, 500'000, 100'000'000, answer);
  CHECK(connections == 2 + 3);
  CHECK(outcome.filtered == 5);
}
