#include "plan/next_hops.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <vector>

#include "plan/plan.hpp"

using namespace portloop;

namespace {

using State = NextHops::State;

Address address(const char* text) { return *parse_address(text); }

/// 10.7.0.0/24 is on-link; .1 was confirmed, .2 has an old entry. The rest of 10.0.0.0/8 is behind .254.
OwnLinks office() {
  OwnLinks links;
  links.are_known = true;
  links.on_link = {{address("10.7.0.0"), address("10.7.0.255")}};
  links.gateways = {{{address("10.0.0.0"), address("10.6.255.255")}, address("10.7.0.254")},
                    {{address("10.7.1.0"), address("10.255.255.255")}, address("10.7.0.254")}};
  links.known = {{address("10.7.0.1"), true, 0xa1}, {address("10.7.0.2"), false, 0xa2}};
  return links;
}

/// `hosts` from `first` on, in this order.
ScanSpace space_of(const char* first, uint16_t ports, const OwnLinks& links, uint32_t hosts = 1) {
  PortSet port_set;
  port_set.add({1, ports});
  Address last = address(first);
  last.value += hosts - 1;
  ScanSpace space(TargetSet({{address(first), last}}, {}), port_set, Order::sequential, 1, {});
  space.links = links;
  return space;
}

struct Outcome {
  uint32_t filtered = 0;
  uint32_t no_route = 0;
  uint64_t first_report_us = 0;
  uint64_t microseconds = 0;
  bool finished = false;
};

/// Runs the plan for two virtual minutes at most. `answer` is called for each ask: nullopt if it stays silent. Whenever
/// the plan has nothing to do, 20 ms pass, and `meanwhile` is called.
Outcome run(
    ProbePlan& plan, const std::function<std::optional<PortState>(const Ask&, uint64_t now_us)>& answer,
    const std::function<void(uint64_t now_us)>& meanwhile = [](uint64_t) {}) {
  struct Waiting {
    Ask ask;
    uint64_t sent_us;
  };
  Outcome outcome;
  std::vector<Waiting> waiting;
  uint64_t& now = outcome.microseconds;
  for (now = 1; now < 120'000'000 && !outcome.finished;) {
    const ProbePlan::Next next = plan.next(now);
    switch (next.step) {
      case ProbePlan::Step::ask:
        if (const std::optional<PortState> state = answer(next.ask, now)) {
          plan.answered(next.ask, *state, 300, now);
        } else {
          waiting.push_back({next.ask, now});
        }
        break;
      case ProbePlan::Step::report:
        outcome.filtered += next.report.state == PortState::filtered;
        outcome.no_route += next.report.reason == Reason::no_route;
        if (outcome.first_report_us == 0) outcome.first_report_us = now;
        break;
      case ProbePlan::Step::again: ++now; break;
      case ProbePlan::Step::wait:
        now += 20'000;
        meanwhile(now);
        for (size_t i = 0; i < waiting.size();) {
          if (now - waiting[i].sent_us < plan.timeout_now_us(waiting[i].ask)) {
            ++i;
            continue;
          }
          const Ask ask = waiting[i].ask;
          waiting.erase(waiting.begin() + static_cast<long>(i));
          plan.silent(ask, now);
        }
        break;
      case ProbePlan::Step::finished: outcome.finished = true; break;
    }
  }
  return outcome;
}

}  // namespace

TEST_CASE("the next hop is the target itself on an own link, and its gateway elsewhere") {
  const OwnLinks links = office();
  const NextHops hops(links);
  CHECK(hops.of(address("10.7.0.1"))->state == State::confirmed);
  CHECK(hops.of(address("10.7.0.2"))->state == State::unconfirmed);
  CHECK(hops.of(address("10.7.0.3")) == nullptr);  // it has no entry yet
  CHECK(hops.of(address("10.6.255.255"))->address == address("10.7.0.254"));
  CHECK(hops.of(address("10.7.1.0"))->state == State::unresolved);
  CHECK(hops.of(address("11.0.0.0")) == nullptr);
  CHECK(hops.of(address("fe80::1")) == nullptr);
}

TEST_CASE("the system's reports change what is known of a next hop, and so does an answer") {
  const OwnLinks links = office();
  NextHops hops(links);
  const Address old = address("10.7.0.2"), gateway = address("10.7.0.254");
  hops.report({address("10.7.0.77"), NeighbourNews::confirmed}, 5);  // nobody's
  hops.report({old, NeighbourNews::confirmed, 0xa2}, 10);
  CHECK(hops.of(old)->state == State::confirmed);
  CHECK(hops.of(old)->changed_us == 0);
  hops.report({old, NeighbourNews::confirmed}, 15);  // without a link address: it keeps its own
  hops.report({old, NeighbourNews::unconfirmed, 0xb2}, 20);
  CHECK(hops.of(old)->state == State::unconfirmed);
  CHECK(hops.of(old)->changed_us == 20);  // another network card
  hops.report({gateway, NeighbourNews::absent}, 30);
  hops.report({gateway, NeighbourNews::forgotten}, 31);
  hops.report({gateway, NeighbourNews::absent}, 40);
  CHECK(hops.of(gateway)->state == State::absent);
  CHECK(hops.of(gateway)->missing_since_us == 30);
  CHECK(hops.of(gateway)->absent_us == 40);
  hops.report({gateway, NeighbourNews::confirmed, 0xc1}, 50);
  CHECK(hops.of(gateway)->changed_us == 50);
  CHECK(hops.of(gateway)->missing_since_us == 0);
  hops.report({gateway, NeighbourNews::forgotten}, 60);
  CHECK(hops.of(gateway)->state == State::unresolved);
  hops.heard(address("10.9.9.9"));
  CHECK(hops.of(gateway)->state == State::confirmed);
}

TEST_CASE("silence of a host with an old entry is judged when the system has confirmed it") {
  const ScanSpace space = space_of("10.7.0.2", 3, office());
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, {});
  bool confirmed = false;
  const Outcome outcome = run(
      plan, [&](const Ask&, uint64_t) { return std::nullopt; },
      [&](uint64_t now_us) {
        if (confirmed || now_us < 5'500'000) return;
        confirmed = true;
        plan.neighbour_event({address("10.7.0.2"), NeighbourNews::confirmed, 0xa2}, now_us);
      });
  CHECK(outcome.finished);
  CHECK(outcome.filtered == 3);
  CHECK(outcome.first_report_us > 5'500'000);
  CHECK(outcome.microseconds < 6'000'000);
}

TEST_CASE("a host whose old entry was wrong is looked for again, and its open port is found") {
  const ScanSpace space = space_of("10.7.0.2", 3, office());
  {
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, {});
    bool gone = false;
    uint32_t answers = 0;
    const Outcome outcome = run(
        plan,
        [&](const Ask&, uint64_t) -> std::optional<PortState> {
          if (!gone) return std::nullopt;
          ++answers;
          return PortState::open;
        },
        [&](uint64_t now_us) {
          if (gone || now_us < 8'000'000) return;
          gone = true;
          plan.neighbour_event({address("10.7.0.2"), NeighbourNews::absent}, now_us);
        });
    CHECK(outcome.finished);
    CHECK(outcome.filtered == 0);
    CHECK(answers == 3);
  }
}

TEST_CASE("each host of a block whose old entry was wrong is asked by one probe until it is found") {
  const ScanSpace space = space_of("10.7.0.1", 200, office(), 2);
  ProbeCursor cursor;
  PlanOptions options;
  options.max_in_flight = 10;
  ProbePlan plan(space, cursor, options);
  const Address wrong = address("10.7.0.2");
  uint64_t absent_us = 0;
  uint32_t asks_afterwards = 0;
  run(
      plan,
      [&](const Ask& ask, uint64_t now_us) -> std::optional<PortState> {
        if (ask.endpoint.address != wrong) return PortState::closed;
        asks_afterwards += absent_us != 0 && now_us < absent_us + 3'000'000;
        return std::nullopt;
      },
      [&](uint64_t now_us) {
        if (absent_us != 0) return;
        absent_us = now_us;
        plan.neighbour_event({wrong, NeighbourNews::absent}, now_us);
      });
  CHECK(asks_afterwards <= 1);
}

TEST_CASE("an old entry of which nothing is heard is not believed") {
  const ScanSpace space = space_of("10.7.0.2", 3, office());
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, {});
  bool saw_unresolved = false;
  const Outcome outcome = run(plan, [&](const Ask& ask, uint64_t) {
    saw_unresolved |= ask.unresolved;
    return std::nullopt;
  });
  CHECK(outcome.finished);
  CHECK(outcome.filtered == 3);
  CHECK(saw_unresolved);
}

TEST_CASE("a gateway that is never there makes what is behind it unknown, and not filtered") {
  const ScanSpace space = space_of("10.9.0.1", 3, office());
  ProbeCursor cursor;
  ProbePlan plan(space, cursor, {});
  CHECK(plan.lacks_gateway({address("10.9.0.1"), 1}));
  uint64_t reported_us = 0;
  const Outcome outcome = run(
      plan, [&](const Ask&, uint64_t) { return std::nullopt; },
      [&](uint64_t now_us) {
        if (now_us < reported_us + 3'000'000) return;
        reported_us = now_us;
        plan.neighbour_event({address("10.7.0.254"), NeighbourNews::absent}, now_us);
      });
  CHECK(outcome.finished);
  CHECK(outcome.filtered == 0);
  CHECK(outcome.no_route == 3);
  CHECK(outcome.microseconds > 30'000'000);
  CHECK(outcome.microseconds < 45'000'000);
}

TEST_CASE("a gateway that comes back within half a minute costs no open port") {
  const ScanSpace space = space_of("10.9.0.1", 3, office());
  for (const uint64_t back_at_us : {3'500'000U, 20'000'000U}) {
    CAPTURE(back_at_us);
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, {});
    uint64_t reported_us = 0;
    bool back = false;
    uint32_t answers = 0;
    const Outcome outcome = run(
        plan,
        [&](const Ask&, uint64_t now_us) -> std::optional<PortState> {
          if (now_us < back_at_us) return std::nullopt;
          ++answers;
          return PortState::open;
        },
        [&](uint64_t now_us) {
          if (now_us >= back_at_us && !back) {
            back = true;
            plan.neighbour_event({address("10.7.0.254"), NeighbourNews::confirmed, 0xc1}, now_us);
          } else if (!back && now_us >= reported_us + 3'000'000) {
            reported_us = now_us;
            plan.neighbour_event({address("10.7.0.254"), NeighbourNews::absent}, now_us);
          }
        });
    CHECK(outcome.finished);
    CHECK(answers == 3);
    CHECK(outcome.no_route == 0);
  }
}

TEST_CASE("a gateway that answers, or that nobody follows, delays nothing") {
  const ScanSpace space = space_of("10.9.0.1", 100, office());
  for (const bool is_followed : {false, true}) {
    CAPTURE(is_followed);
    ProbeCursor cursor;
    ProbePlan plan(space, cursor, {});
    if (!is_followed) plan.neighbours_are_not_followed();
    const Outcome outcome = run(plan, [&](const Ask& ask, uint64_t) -> std::optional<PortState> {
      if (is_followed && ask.endpoint.port == 7) return PortState::closed;
      return std::nullopt;
    });
    CHECK(outcome.filtered == (is_followed ? 99 : 100));
    CHECK(outcome.microseconds < 4'000'000);
    CHECK(plan.lacks_gateway({address("10.9.0.1"), 1}) == false);
  }
}
