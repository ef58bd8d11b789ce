// A host that answered and then falls silent is away: its ports are asked again when it is back, and lost if it does
// not come back.
#include "plan/plan.hpp"

#include <doctest/doctest.h>

#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

TEST_CASE("a host that went away is lost even if a router now and then reports that it is unreachable") {
  const ScanSpace space = space_of(1, 20000, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  std::vector<Ask> waiting;
  uint64_t now = 1, lost = 0;
  for (;;) {
    const ProbePlan::Next next = plan.next(now);
    if (next.step == ProbePlan::Step::finished) break;
    if (next.step == ProbePlan::Step::report) lost += next.report.reason == Reason::host_lost;
    if (next.step == ProbePlan::Step::ask && now < 1'000'000) {
      plan.answered(next.ask, PortState::closed, 1000, now);
      now += 100;
    } else if (next.step == ProbePlan::Step::ask) {
      waiting.push_back(next.ask);
    } else if (next.step == ProbePlan::Step::wait) {
      now += 1'000'000;
      for (size_t i = 0; i < waiting.size(); ++i) {
        // Checks, too: a port that is known to be closed does not become filtered because its host is away.
        if (i == 0)
          plan.answered(waiting[i], PortState::filtered, 1000, now);
        else
          plan.silent(waiting[i], now);
      }
      waiting.clear();
    }
    REQUIRE(now < 120'000'000);
  }
  CHECK(lost > 5000);
}

TEST_CASE("a host that goes away and comes back is finished, as if it had never been away") {
  Behaviour away;
  away.gone_at_us = 1'000'000;
  away.back_at_us = 7'000'000;
  away.microseconds_per_ask = 40;
  const Outcome outcome = run(away, 1, 65535);
  check_exact(outcome);
  CHECK(outcome.host_lost == 0);
}

TEST_CASE("a host that goes away for good is lost, not filtered, and the scan ends") {
  Behaviour gone;
  gone.gone_at_us = 1'000'000;
  gone.microseconds_per_ask = 40;
  const Outcome outcome = run(gone, 1, 65535);
  check_exact(outcome);
  CHECK(outcome.host_lost > 30000);
  CHECK(outcome.microseconds < 30'000'000);
}

TEST_CASE("with --retries 0 too, what a host was asked while it was away does not count") {
  Behaviour away;
  away.gone_at_us = 1'000'000;
  away.back_at_us = 6'000'000;
  away.microseconds_per_ask = 40;
  PlanOptions options = wide();
  options.retries = 0;
  check_exact(run(away, 1, 65535, options));
}
