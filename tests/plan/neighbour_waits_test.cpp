#include "plan/neighbour_waits.hpp"

#include <doctest/doctest.h>

#include "plan/full_table_watch.hpp"
#include "support/exact_outcome.hpp"
#include "support/simulated_network.hpp"
#include "support/virtual_scan.hpp"

using namespace portloop;
using namespace portloop::testing;

namespace {

/// A scan of hosts that are all on an own link, but for the first if that is this machine.
Outcome run_on_link(const Behaviour& behaviour, uint32_t hosts, uint16_t ports, uint32_t loops = 1,
                    PlanOptions options = {}, bool first_is_own = false) {
  ScanSpace space = space_on_link(behaviour, hosts, ports);
  if (first_is_own) {
    const Address first = space.targets.at(0);
    space.links.own = {{first, first}};
    ++space.links.on_link[0].first.value;
  }
  options.max_in_flight = 15000;
  return SimulatedNetwork(behaviour, space).run(options, loops);
}

Behaviour sparse_link() {
  Behaviour link;
  link.rtt_us = 300;
  link.jitter_us = 50;
  link.host_share = 0.02;
  link.open_share = 0.5;
  link.neighbour_entries = 900;
  return link;
}

}  // namespace

TEST_CASE("an absent neighbour is reported after one probe, and its other ports are never asked") {
  Behaviour link = sparse_link();
  link.host_share = 0;
  const Outcome outcome = run_on_link(link, 1, 500);
  check_exact(outcome);
  CHECK(outcome.asks == 1);
  CHECK(outcome.host_unreach == 500);
  CHECK(outcome.microseconds < 3'500'000);
}

TEST_CASE("if nothing on a link has ever answered, its hosts are looked for twice: it may have been away") {
  Behaviour link = sparse_link();
  link.host_share = 0;
  const Outcome empty = run_on_link(link, 254, 500);
  check_exact(empty);
  CHECK(empty.asks == 2 * 254);
  CHECK(empty.host_unreach == 254 * 500);
  CHECK(empty.microseconds < 6'500'000);
  link.host_share = 0.1;
  link.gone_at_us = 0;
  link.back_at_us = 2'600'000;
  check_exact(run_on_link(link, 254, 2));
}

TEST_CASE("a link without any hosts is not looked at twice for longer than at its beginning") {
  Behaviour link = sparse_link();
  link.host_share = 0;
  const Outcome outcome = run_on_link(link, 20'000, 1);
  check_exact(outcome);
  CHECK(outcome.asks <= 20'000 + 4 * 900);
}

TEST_CASE("a link is at its beginning when it is first looked at, whatever the clock shows then") {
  constexpr uint64_t began_us = 1'000'000'000;
  ScanSpace space = space_of(254, 1, 1);
  space.links.on_link = space.targets.ranges();
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  const ProbePlan::Next next = plan.next(began_us);
  REQUIRE(next.step == ProbePlan::Step::ask);
  CHECK_FALSE(plan.no_neighbour(next.ask, began_us + 3'000'000));  // not final: it is looked for twice
}

TEST_CASE("when nothing has answered for a second and a half while a neighbour is looked for, a witness is asked") {
  ScanSpace space = space_of(2, 1, 1);
  const Address neighbour = space.targets.at(1);
  space.links.on_link = {{neighbour, neighbour}};
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  constexpr uint64_t answered_us = 1, quiet_from_us = answered_us + 1'500'000;
  for (int i = 0; i < 3; ++i) {
    const ProbePlan::Next next = plan.next(answered_us);
    if (next.step == ProbePlan::Step::ask && next.ask.endpoint.address != neighbour)
      plan.answered(next.ask, PortState::closed, 100, answered_us);
  }
  const ProbePlan::Next waits = plan.next(quiet_from_us - 1);
  CHECK(waits.step == ProbePlan::Step::wait);
  CHECK(waits.wait_until_us == quiet_from_us);
  const ProbePlan::Next asks = plan.next(quiet_from_us);
  CHECK(asks.step == ProbePlan::Step::ask);
  CHECK(asks.ask.kind == ProbeKind::witness);
}

TEST_CASE("a lone witness, or a few open ones, prove that the link works, or its hosts are looked for twice") {
  for (const double host_share : {0.004, 0.012}) {
    for (const uint64_t gone_at_us : {100'000U, 1'000'000U}) {
      for (uint64_t seed = 1; seed <= 4; ++seed) {
        CAPTURE(host_share);
        CAPTURE(gone_at_us);
        CAPTURE(seed);
        Behaviour link = sparse_link();
        link.seed = seed;
        link.host_share = host_share;
        link.open_share = 1;
        link.gone_at_us = gone_at_us;
        link.back_at_us = gone_at_us + 2'900'000;
        check_exact(run_on_link(link, 1000, 1));
        link.gone_at_us = link.back_at_us = UINT64_MAX;
        const Outcome quiet = run_on_link(link, 1000, 1);
        check_exact(quiet);
        CHECK(quiet.asks < 2 * 1000 + 30);
      }
    }
  }
}

TEST_CASE("fixed timing is no reason to call hosts absent while the link is away") {
  Behaviour link = sparse_link();
  link.host_share = 0.1;
  link.gone_at_us = 100'000;
  link.back_at_us = 3'600'000;
  PlanOptions fixed;
  fixed.adaptive = false;
  check_exact(run_on_link(link, 2000, 1, 1, fixed));
}

TEST_CASE("the entries of neighbours that were found count until they can be discarded") {
  for (const uint32_t loops : {1U, 2U}) {
    Behaviour link = sparse_link();
    link.host_share = 0.9;
    link.entry_kept_us = 30'000'000;
    const Outcome outcome = run_on_link(link, 2048, 2, loops);
    check_exact(outcome);
    CHECK(outcome.table_overflows == 0);
  }
}

TEST_CASE("if other programs keep the table full, its hosts are unknown after a minute, and not filtered") {
  Behaviour link = sparse_link();
  link.host_share = 1;
  link.free_entries_of_table = 1;
  link.entry_kept_us = 1'000'000'000;
  const Outcome outcome = run_on_link(link, 300, 3);
  CHECK(outcome.finished);
  CHECK(outcome.results == outcome.probes);
  CHECK(outcome.missed_open == 0);
  CHECK(outcome.false_filtered == 0);
  CHECK(outcome.local_errors == 299 * 3);
}

TEST_CASE("hosts that are there are scanned while absent ones are still looked for") {
  const Outcome outcome = run_on_link(sparse_link(), 254, 500);
  check_exact(outcome);
  CHECK(outcome.last_open_us < 3'200'000);
  CHECK(outcome.asked_while_resolving == 0);
}

TEST_CASE("a host that had to be looked for is no witness of loss: its silent ports are asked as often as others") {
  Behaviour link = sparse_link();
  link.host_share = 0.2;
  link.silent_share = 0.4;
  link.open_share = 0.1;
  const Outcome outcome = run_on_link(link, 254, 4);
  check_exact(outcome);
  CHECK(outcome.asks < 600);
}

TEST_CASE("the neighbour table never overflows by the scan's doing, and the time is that of the table") {
  for (const uint32_t loops : {1U, 2U}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      Behaviour link = sparse_link();
      link.seed = seed;
      const Outcome outcome = run_on_link(link, 8192, 1, loops);
      check_exact(outcome);
      CHECK(outcome.table_overflows == 0);
      CHECK(outcome.peak_neighbours <= 900);
      CHECK(outcome.microseconds < 8192.0 / 900 * 3'000'000 * 1.25);
    }
  }
}

TEST_CASE("without events the errors of the waiting probes serve, and without those the events") {
  for (const bool events : {false, true}) {
    Behaviour link = sparse_link();
    link.event_share = events ? 1 : 0;
    link.error_share = events ? 0 : 1;
    const Outcome outcome = run_on_link(link, 2000, 3);
    check_exact(outcome);
    CHECK(outcome.microseconds < 16'000'000);
  }
}

TEST_CASE("with most events and errors lost the scan is exact all the same, and ends") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Behaviour link = sparse_link();
    link.event_share = 0.3;
    link.error_share = 0.1;
    link.seed = seed;
    const Outcome outcome = run_on_link(link, 500, 20);
    check_exact(outcome);
    CHECK(outcome.microseconds < 25'000'000);
  }
}

TEST_CASE("neighbours that are looked for while the link is away are looked for again") {
  for (const double open_share : {0.5, 1.0}) {
    for (const uint64_t gone_at_us : {100'000U, 2'000'000U, 3'100'000U}) {
      CAPTURE(open_share);
      CAPTURE(gone_at_us);
      Behaviour link = sparse_link();
      link.host_share = 0.1;
      link.open_share = open_share;
      link.gone_at_us = gone_at_us;
      link.back_at_us = gone_at_us + 5'000'000;
      const Outcome outcome = run_on_link(link, 2000, 2, 1, {}, true);
      check_exact(outcome);
      CHECK(outcome.host_lost == 0);
      CHECK(outcome.microseconds < 40'000'000);
    }
  }
}

TEST_CASE("absent neighbours are looked for once, although hardly anything answers meanwhile") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Behaviour link = sparse_link();
    link.host_share = 0.002;
    link.seed = seed;
    const Outcome outcome = run_on_link(link, 4000, 1);
    check_exact(outcome);
    CHECK(outcome.asks < 4050);
  }
}

TEST_CASE("probes that a full table dropped are asked again: the table may belong to other programs") {
  Behaviour link = sparse_link();
  link.neighbour_entries = 900;
  PortSet ports;
  ports.add({1, 1});
  const Address first{Family::ipv4, 0, 0x0a070001};
  Address last = first;
  last.value += 1999;
  ScanSpace space(TargetSet({{first, last}}, {}), ports, Order::random, 1, {});
  space.links.on_link = {{first, last}};
  link.free_entries_of_table = 500;  // the room was read before another program took the rest
  const Outcome outcome = SimulatedNetwork(link, space).run({});
  check_exact(outcome);
  CHECK(outcome.table_overflows > 0);
}

TEST_CASE("a table stays full once it has had no room for a minute since it dropped a probe") {
  constexpr uint64_t second_us = 1'000'000;
  FullTableWatch table;
  CHECK_FALSE(table.stays_full(100 * second_us));
  table.dropped(100 * second_us);
  table.dropped(150 * second_us);
  CHECK_FALSE(table.stays_full(160 * second_us - 1));
  CHECK(table.stays_full(160 * second_us));
  table.had_room();
  CHECK_FALSE(table.stays_full(200 * second_us));
}

TEST_CASE("absent hosts of every live block are reported") {
  // A block has at most 4,096 hosts; the first ask keeps that block alive.
  constexpr uint32_t hosts = 4097;
  ScanSpace space = space_of(hosts, 1, 1);
  space.links.on_link = space.targets.ranges();
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, wide());
  const uint32_t first_block = plan.next(1).ask.block;
  uint64_t now = 1;
  for (uint32_t asks = 1;; ++asks) {
    ProbePlan::Next next = plan.next(now);
    for (; next.step == ProbePlan::Step::again || next.step == ProbePlan::Step::wait; next = plan.next(now)) {
      REQUIRE(now < 10'000'000);
      now += 1000;
    }
    REQUIRE(next.step == ProbePlan::Step::ask);
    if (next.ask.block != first_block) {
      CHECK(asks == hosts - 1);
      CHECK(plan.no_neighbour(next.ask, now));
      const std::optional<ProbePlan::HostVerdict> verdict = plan.next_host_verdict();
      REQUIRE(verdict);
      CHECK(verdict->address == next.ask.endpoint.address);
      CHECK(verdict->state == HostState::absent);
      return;
    }
    plan.answered(next.ask, PortState::closed, 100, now);
  }
}

TEST_CASE("a plan counts for how long hosts have had to wait for room in the neighbour table") {
  ScanSpace space = space_of(3, 1, 1);
  space.links.on_link = space.targets.ranges();
  ProbeCursor cursor;
  cursor.neighbours.set_limit(Family::ipv4, 2);
  ProbePlan plan(space, cursor, wide());
  const Ask first = plan.next(1000).ask;
  REQUIRE(plan.next(1000).step == ProbePlan::Step::ask);
  REQUIRE(plan.next(1000).step == ProbePlan::Step::wait);
  REQUIRE(plan.next(21'000).step == ProbePlan::Step::wait);
  CHECK(plan.room_wait_us() == 20'000);
  cursor.neighbours.set_limit(Family::ipv4, 3);
  REQUIRE(plan.next(31'000).step == ProbePlan::Step::ask);
  plan.answered(first, PortState::closed, 100, 41'000);
  plan.next(51'000);
  CHECK(plan.room_wait_us() == 30'000);
}

TEST_CASE("time in which nobody called the plan is no wait for room") {
  ScanSpace space = space_of(3, 1, 1);
  space.links.on_link = space.targets.ranges();
  ProbeCursor cursor;
  cursor.neighbours.set_limit(Family::ipv4, 1);
  ProbePlan plan(space, cursor, wide());
  REQUIRE(plan.next(1000).step == ProbePlan::Step::ask);
  REQUIRE(plan.next(1000).step == ProbePlan::Step::wait);
  plan.next(3'600'000'000);  // stopped, and then continued
  CHECK(plan.room_wait_us() <= 1'000'000);
  const uint64_t before_us = plan.room_wait_us();
  plan.interrupted();  // paused
  plan.next(7'200'000'000);
  CHECK(plan.room_wait_us() == before_us);
}

TEST_CASE("room is taken and given back once, whatever ends a wait") {
  NeighbourRoom room;
  room.set_limit(Family::ipv4, 2);
  {
    NeighbourWaits waits(room);
    CHECK(waits.begin(1, Family::ipv4, 0, 0, 10));
    CHECK(waits.begin(2, Family::ipv4, 0, 1, 10));
    CHECK(!waits.begin(3, Family::ipv4, 0, 2, 10));
    CHECK(waits.begin(4, Family::ipv6, 0, 3, 10));  // another table
    waits.resolved(1, 20);
    waits.resolved(1, 30);
    CHECK(waits.find(1)->resolved_us == 20);
    CHECK(room.held(Family::ipv4) == 1);
    CHECK(room.found(Family::ipv4) == 1);
    waits.end(1);
    CHECK(room.held(Family::ipv4) == 1);
    CHECK(!waits.begin(3, Family::ipv4, 0, 2, 30));  // the entry of the first is still in the table
    room.set_limit(Family::ipv4, 2, 1);
    waits.failed(2);
    waits.failed(2);
    CHECK(room.held(Family::ipv4) == 0);
    waits.end(2);
    CHECK(room.held(Family::ipv4) == 0);
    CHECK(waits.begin(3, Family::ipv4, 0, 2, 40));
    CHECK(waits.find(2) == nullptr);
  }
  CHECK(room.held(Family::ipv4) == 0);  // a plan that ends early gives back what it holds
  CHECK(room.held(Family::ipv6) == 0);
}

TEST_CASE("an error of this machine about an address of its own is final") {
  PortSet ports;
  ports.add({1, 1});
  const Address host{Family::ipv4, 0, 0x7f000001};
  ScanSpace space(TargetSet({{host, host}}, {}), ports, Order::random, 1, {});
  space.links.are_known = true;
  space.links.own = {{host, host}};
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, {});
  CHECK(plan.no_neighbour(plan.next(1).ask, 100));
}

TEST_CASE("a gateway that is not found is no verdict on the ports behind it") {
  PortSet ports;
  ports.add({1, 1});
  const Address host{Family::ipv4, 0, 0x0a080001};
  for (const bool are_known : {true, false}) {
    ScanSpace space(TargetSet({{host, host}}, {}), ports, Order::random, 1, {});
    space.links.are_known = are_known;
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, {});
    const ProbePlan::Next first = plan.next(1);
    REQUIRE(first.step == ProbePlan::Step::ask);
    CHECK(plan.no_neighbour(first.ask, 3'000'000) == !are_known);
    if (!are_known) continue;
    ProbePlan::Next again = plan.next(3'000'000);
    for (uint64_t now = 3'000'000; again.step != ProbePlan::Step::ask; now += 10'000) {
      REQUIRE(now < 6'000'000);
      REQUIRE(again.step != ProbePlan::Step::report);
      again = plan.next(now);
    }
    plan.answered(again.ask, PortState::open, 100, 6'000'000);
  }
}
