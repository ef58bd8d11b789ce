// Blocks, shards, loops and resumed scans: every position has exactly one result.
#include "plan/plan.hpp"

#include <doctest/doctest.h>

#include "support/exact_outcome.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

TEST_CASE("many hosts and many blocks are covered, in either order and in shards") {
  Behaviour mixed;
  mixed.loss_each_way = 0.02;
  for (const Order order : {Order::random, Order::sequential}) {
    uint64_t results = 0;
    for (uint32_t number = 1; number <= 3; ++number) {
      const ScanSpace space = space_of(30000, 2, 7, order, Shard{number, 3});
      const Outcome outcome = SimulatedNetwork(mixed, space).run(wide());
      check_exact(outcome);
      results += outcome.results;
    }
    CHECK(results == 60000);
  }
}

TEST_CASE("two plans on one cursor share the probes: each is asked by one of them") {
  const ScanSpace space = space_of(3, 5000, 5);
  ProbeCursor cursor;
  ProbePlan a(space, cursor, wide()), b(space, cursor, wide());
  std::vector<int> asked(15000, 0);
  uint64_t now = 1;
  for (bool done = false; !done; now += 10) {
    done = true;
    for (ProbePlan* plan : {&a, &b}) {
      for (int i = 0; i < 10; ++i) {
        const auto next = plan->next(now);
        if (next.step != ProbePlan::Step::finished) done = false;
        if (next.step != ProbePlan::Step::ask) continue;
        const uint64_t host = static_cast<uint64_t>(next.ask.endpoint.address.value) - 0x0a000001;
        ++asked[host * 5000 + next.ask.endpoint.port - 1];
        plan->answered(next.ask, PortState::closed, 100, now);
      }
    }
    REQUIRE(now < 10'000'000);
  }
  for (const int times : asked) REQUIRE(times == 1);
}

TEST_CASE("two loops get equal shares of a small scan") {
  const ScanSpace space = space_of(1, 600, 5);
  ProbeCursor cursor(space, 2);
  ProbePlan a(space, cursor, wide()), b(space, cursor, wide());
  // They ask in turn until one of them finds nothing left to draw.
  uint64_t asks_of_each = 0;
  while (a.next(1).step == ProbePlan::Step::ask && b.next(1).step == ProbePlan::Step::ask) ++asks_of_each;
  CHECK(asks_of_each >= 280);
}

TEST_CASE("a lone loop draws 256 positions at a time, several a sixteenth of their shares") {
  CHECK(ProbeCursor::chunk_of(600, 1) == 256);
  CHECK(ProbeCursor::chunk_of(600, 2) == 600 / (2 * 16));
  CHECK(ProbeCursor::chunk_of(10, 2) == 1);
  CHECK(ProbeCursor::chunk_of(1'000'000, 2) == 256);
}

TEST_CASE("positions that an earlier run finished are not asked, and every result has its position") {
  // Two blocks' worth of probes; runs that end inside a chunk, on its end, and behind the last position.
  const uint64_t probes = 40 * 5000;
  const std::vector<PositionRange> finished = {{0, 999},       {1024, 1279},       {1500, 1500},
                                               {3000, 90'000}, {150'000, 150'255}, {probes - 7, probes + 1000}};
  for (const uint32_t shards : {1U, 3U}) {
    const TargetSet targets({{*parse_address("10.0.0.1"), *parse_address("10.0.0.40")}}, {});
    const ScanSpace space(targets, *parse_ports("1-5000", nullptr), Order::random, 7, {shards, shards}, finished);
    uint64_t expected = 0;
    const auto skipped = [&finished](uint64_t position) {
      return std::any_of(finished.begin(), finished.end(),
                         [position](const PositionRange& r) { return position >= r.first && position <= r.last; });
    };
    for (uint64_t position = 0; position < space.size(); ++position) expected += !skipped(position);
    CHECK(space.finished_count() == space.size() - expected);
    ProbeCursor cursor(space);
    ProbePlan a(space, cursor, wide()), b(space, cursor, wide());
    std::vector<int> seen(space.size(), 0);
    const auto note = [&](const Endpoint& endpoint, uint64_t position) {
      REQUIRE(position < space.size());
      const auto at = space.order.at(space.shard.index_at(position));
      REQUIRE(endpoint == Endpoint{space.targets.at(at.host), space.ports.at(at.port)});
      REQUIRE(!skipped(position));
      ++seen[position];
    };
    uint64_t now = 1, noted = 0;
    for (bool done = false; !done; now += 1000) {
      done = true;
      for (ProbePlan* plan : {&a, &b}) {
        for (int i = 0; i < 500; ++i) {
          const auto next = plan->next(now);
          if (next.step != ProbePlan::Step::finished) done = false;
          if (next.step == ProbePlan::Step::report) note(next.report.endpoint, next.report.position), ++noted;
          if (next.step != ProbePlan::Step::ask) continue;
          if (next.ask.kind == ProbeKind::check || next.ask.endpoint.port % 97 != 0) {
            if (next.ask.kind != ProbeKind::check) note(next.ask.endpoint, next.ask.position), ++noted;
            plan->answered(next.ask, PortState::closed, 100, now);
          } else {
            plan->silent(next.ask, now);
          }
        }
      }
      REQUIRE(now < 1'000'000'000);
    }
    CHECK(noted == expected);
    CHECK(std::count(seen.begin(), seen.end(), 1) == static_cast<long>(expected));
  }
}

TEST_CASE("a scan whose positions are all finished ends at once") {
  const TargetSet targets({{*parse_address("10.0.0.1"), *parse_address("10.0.0.2")}}, {});
  const ScanSpace space(targets, *parse_ports("1-5000", nullptr), Order::random, 7, {}, {{0, UINT64_MAX}});
  CHECK(space.finished_count() == space.size());
  ProbeCursor cursor(space);
  ProbePlan plan(space, cursor, wide());
  uint64_t now = 1;
  while (plan.next(now).step == ProbePlan::Step::again) REQUIRE(++now < 10);
  CHECK(plan.next(now).step == ProbePlan::Step::finished);
}

TEST_CASE("a shard of a wide scan is as fast as the whole, as far as its probes last") {
  Behaviour dead;
  dead.host_share = 0;
  // Probes sent in the first two seconds, before anything has timed out twice.
  const auto asks_of = [&dead](Shard shard) {
    const ScanSpace space = space_of(1U << 24, 1, 1, Order::random, shard);
    return SimulatedNetwork(dead, space).run(wide(), 1, 2'000'000).asks;
  };
  const uint64_t whole = asks_of({1, 1});
  CHECK(whole > 20'000);
  CHECK(static_cast<double>(asks_of({1, 10})) > 0.9 * static_cast<double>(whole));
  CHECK(static_cast<double>(asks_of({7, 100})) > 0.9 * static_cast<double>(whole));
  CHECK(asks_of({1000, 1000}) >= 16'777);  // all of them
}

TEST_CASE("shards that have few probes of each block together cover every probe exactly once") {
  Behaviour mixed;
  mixed.loss_each_way = 0.02;
  uint64_t results = 0;
  for (uint32_t number = 1; number <= 700; ++number) {
    const ScanSpace space = space_of(9000, 3, 7, Order::random, Shard{number, 700});
    const Outcome outcome = SimulatedNetwork(mixed, space).run(wide());
    check_exact(outcome);
    results += outcome.results;
  }
  CHECK(results == 27000);
}
