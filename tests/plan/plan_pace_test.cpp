// How fast the plan sends: the window, the learned rate and the limits of the user. Time is virtual, so speed is exact
// on any machine.
#include "plan/plan.hpp"

#include <doctest/doctest.h>

#include "support/driven_plan.hpp"
#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

TEST_CASE("the window opens as answers arrive: 65,535 ports 40 ms away take little longer than sending the asks") {
  Behaviour wan;
  wan.rtt_us = 40'000;
  const Outcome outcome = run(wan, 1, 65535);
  check_exact(outcome);
  CHECK(outcome.microseconds < 1'000'000);
}

TEST_CASE("a host that limits its resets is paced, and its open ports are known early") {
  Behaviour limited;
  limited.rst_per_s = 200;
  limited.open_share = 0.003;
  const Outcome outcome = run(limited, 1, 4000);
  check_exact(outcome);
  CHECK(outcome.last_open_us < 3'000'000);
  CHECK(outcome.microseconds < 1.25 * 4000 / 200 * 1'000'000);
}

TEST_CASE("two and four loops share a host that limits its resets: none starves, and it takes little longer than one") {
  for (const uint32_t loops : {2U, 4U}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      Behaviour limited;
      limited.rst_per_s = 200;
      limited.open_share = 0.003;
      limited.seed = seed;
      const Outcome outcome = run(limited, 1, 4000, wide(), loops);
      check_exact(outcome);
      CHECK(outcome.microseconds < 1.35 * 4000 / 200 * 1'000'000);
    }
  }
}

TEST_CASE("a path that carries only so many SYNs a second loses no answer") {
  Behaviour narrow;
  narrow.path_per_s = 2000;
  check_exact(run(narrow, 1, 10000));
}

TEST_CASE("--rate is kept, and --in-flight never exceeded") {
  Behaviour wan;
  PlanOptions options = wide();
  options.rate_per_s = 1000;
  const Outcome slow = run(wan, 1, 2000, options);
  check_exact(slow);
  CHECK(slow.microseconds > 1'990'000);
  CHECK(slow.microseconds < 2'100'000);
  options.rate_per_s = 0;
  options.max_in_flight = 7;
  const Outcome narrow = run(wan, 1, 2000, options);
  check_exact(narrow);
  CHECK(narrow.peak_in_flight == 7);
}

TEST_CASE("fixed timing waits exactly the timeout, and opens the whole window at once") {
  Behaviour wan;
  PlanOptions options = wide();
  options.adaptive = false;
  options.timeout_ms = 300;
  options.retries = 0;
  wan.host_share = 0;
  const Outcome outcome = run(wan, 1, 5000, options);
  CHECK(outcome.peak_in_flight == 5000);
  CHECK(outcome.microseconds < 360'000);
}

TEST_CASE("a scan ends with its last answer, however low the rate") {
  const ScanSpace space = space_of(1, 3, 1);
  ProbeCursor cursor;
  PlanOptions options = wide();
  options.rate_per_s = 0.1;
  ProbePlan plan(space, cursor, options);
  uint64_t answered_us = 0;
  const DrivenOutcome outcome =
      drive(plan, 1'000'000, 100'000'000, [&](const Ask&, uint64_t now) -> std::optional<PortState> {
        answered_us = now;
        return PortState::closed;
      });
  CHECK(outcome.finished);
  CHECK(outcome.microseconds < answered_us + 1'000'000);
  CHECK(outcome.microseconds > 20'000'000);
}
