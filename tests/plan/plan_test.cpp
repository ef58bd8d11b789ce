// The plan against a simulated network in virtual time: no port missed, none said twice, none called
// filtered that answers. Speed here is virtual too, so it is exact on any machine.
#include "plan/plan.hpp"

#include <doctest/doctest.h>

#include "support/exact_outcome.hpp"
#include "support/simulated_network.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

ScanSpace space_of(uint32_t hosts, uint16_t ports, uint64_t seed, Order order = Order::random, Shard shard = {}) {
  PortSet port_set;
  port_set.add({1, ports});
  const Address first{Family::ipv4, 0, 0x0a000001};
  Address last = first;
  last.value += hosts - 1;
  return ScanSpace(TargetSet({{first, last}}, {}), port_set, order, seed, shard);
}

PlanOptions wide() {
  PlanOptions options;
  options.max_in_flight = 15000;
  return options;
}

Outcome run(const Behaviour& behaviour, uint32_t hosts, uint16_t ports, const PlanOptions& options = wide(),
            uint32_t loops = 1) {
  const ScanSpace space = space_of(hosts, ports, behaviour.seed);
  return SimulatedNetwork(behaviour, space).run(options, loops);
}

}  // namespace

TEST_CASE("a host that answers at once is asked once a port") {
  Behaviour lan;
  lan.rtt_us = 300;
  lan.jitter_us = 50;
  const Outcome outcome = run(lan, 1, 65535);
  check_exact(outcome);
  CHECK(outcome.asks == 65535);
  CHECK(outcome.microseconds < 700'000);
}

TEST_CASE("the window opens as answers come: 40 ms away, 65,535 ports take little longer than the asks themselves") {
  Behaviour wan;
  wan.rtt_us = 40'000;
  const Outcome outcome = run(wan, 1, 65535);
  check_exact(outcome);
  CHECK(outcome.microseconds < 1'000'000);
}

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

TEST_CASE("silence is asked about twice where nothing is lost") {
  Behaviour filtered;
  filtered.silent_share = 1;
  filtered.open_share = 0.0014;
  const Outcome outcome = run(filtered, 1, 10000);
  check_exact(outcome);
  CHECK(outcome.asks < 2.2 * 10000);
  CHECK(outcome.microseconds < 3'000'000);
}

TEST_CASE("two loops ask a firewalled host no more often than one") {
  Behaviour filtered;
  filtered.silent_share = 1;
  filtered.open_share = 0.0014;
  const Outcome outcome = run(filtered, 1, 10000, wide(), 2);
  check_exact(outcome);
  CHECK(outcome.asks < 2.2 * 10000);
}

TEST_CASE("a dead host ends, after two asks a port, and three where they are few") {
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

TEST_CASE(
    "what the path says of an absent host promises no more: its ports are asked as often as those of a silent one") {
  Behaviour no_neighbour;  // the kernel's word, for whatever waits at that moment
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

TEST_CASE("what the path says of absent hosts keeps no other host from being found") {
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

TEST_CASE("a host that is gone, of which a router says so now and then, is lost all the same") {
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
        // Of every check, too: a port that is known to be closed is not filtered because its host is away.
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

TEST_CASE("scans of few ports over a lossy path are as right as large ones") {
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
  CHECK(wrong <= 3 * scans / 300);  // some 0.1 % of the scans, three a seed; bench/accuracy.cpp has the whole table
}

TEST_CASE("a host that answers shortens the wait of what it was asked before") {
  Behaviour filtered;
  filtered.silent_share = 1;
  filtered.open_share = 0.1;
  const Outcome outcome = run(filtered, 1, 300);  // all asked before the first answer is back
  check_exact(outcome);
  CHECK(outcome.microseconds < 1'100'000);  // 0.2 s, and twice 0.4 s; a second for a host that is not known
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
      if (next.ask.endpoint.port == 22 && ++asked_22 == 2) {  // open, but only the second pass hears it
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
}

TEST_CASE("one server is connected to a dozen times at most, however many of its other ports are silent") {
  const ScanSpace space = space_of(1, 5000, 1);
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  uint32_t connections = 0;
  std::vector<Ask> silent;
  for (uint64_t now = 1;;) {
    const ProbePlan::Next next = plan.next(now);
    if (next.step == ProbePlan::Step::finished) break;
    if (next.step == ProbePlan::Step::ask && next.ask.endpoint.port == 22) {
      ++connections;
      plan.answered(next.ask, PortState::open, 100, now);
    } else if (next.step == ProbePlan::Step::ask) {
      silent.push_back(next.ask);
    } else if (next.step == ProbePlan::Step::wait) {
      now += 2'000'000;
      for (const Ask& ask : silent) plan.silent(ask, now);
      silent.clear();
    }
  }
  CHECK(connections > 4);
  CHECK(connections <= 12);
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

TEST_CASE("many hosts and many blocks are all answered for, in either order and in shards") {
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

TEST_CASE("with --retries 0 too, what a host was asked while it was away does not count") {
  Behaviour away;
  away.gone_at_us = 1'000'000;
  away.back_at_us = 6'000'000;
  away.microseconds_per_ask = 40;
  PlanOptions options = wide();
  options.retries = 0;
  check_exact(run(away, 1, 65535, options));
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

TEST_CASE("a timeout never ends between the kernel's resend and its answer") {
  ProbeCursor cursor;
  const ScanSpace space = space_of(1, 10, 1);
  PlanOptions options = wide();
  options.timeout_ms = 1000;
  ProbePlan plan(space, cursor, options);
  CHECK(plan.next(1).ask.timeout_us == 950'000);
}

TEST_CASE("a probe that fails on our side is asked again, and said unknown only when that never ends") {
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

TEST_CASE("positions that an earlier run finished are not asked, and every result says its position") {
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
    uint64_t now = 1, told = 0;
    for (bool done = false; !done; now += 1000) {
      done = true;
      for (ProbePlan* plan : {&a, &b}) {
        for (int i = 0; i < 500; ++i) {
          const auto next = plan->next(now);
          if (next.step != ProbePlan::Step::finished) done = false;
          if (next.step == ProbePlan::Step::report) note(next.report.endpoint, next.report.position), ++told;
          if (next.step != ProbePlan::Step::ask) continue;
          if (next.ask.kind == ProbeKind::check || next.ask.endpoint.port % 97 != 0) {
            if (next.ask.kind != ProbeKind::check) note(next.ask.endpoint, next.ask.position), ++told;
            plan->answered(next.ask, PortState::closed, 100, now);
          } else {
            plan->silent(next.ask, now);
          }
        }
      }
      REQUIRE(now < 1'000'000'000);
    }
    CHECK(told == expected);
    CHECK(std::count(seen.begin(), seen.end(), 1) == static_cast<long>(expected));
  }
}

TEST_CASE("a scan of which everything is finished ends at once") {
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
  // In two seconds of a scan that has begun, before anything has timed out twice: probes that have left.
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

TEST_CASE("shards of few probes for each block are covered, whole and once") {
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

TEST_CASE("a lone open port that is limited is left alone, and its silence says nothing of the others") {
  for (const uint16_t ports : {uint16_t{6}, uint16_t{600}}) {
    const ScanSpace space = space_of(1, ports, 1);
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, wide());
    uint32_t connections = 0, filtered = 0;
    uint64_t now = 1;
    std::vector<Ask> silent;
    for (;;) {
      const ProbePlan::Next next = plan.next(now);
      if (next.step == ProbePlan::Step::finished) break;
      if (next.step == ProbePlan::Step::report) filtered += next.report.state == PortState::filtered;
      if (next.step == ProbePlan::Step::ask && next.ask.endpoint.port == 3 && ++connections <= 6) {
        plan.answered(next.ask, PortState::open, 300, now);
      } else if (next.step == ProbePlan::Step::ask) {
        silent.push_back(next.ask);
      } else if (next.step == ProbePlan::Step::wait) {
        now += 500'000;
        for (const Ask& ask : silent) plan.silent(ask, now);
        silent.clear();
      }
      REQUIRE(now < 100'000'000);
    }
    CHECK(connections <= 20);
    CHECK(filtered == ports - 1U);
    CHECK(now < 8'000'000);
  }
}
