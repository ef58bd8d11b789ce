// What is added to a running scan, as parts that a plan draws from: each probe of each addition once, with its tag.
#include "plan/additions.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>

#include "plan/plan.hpp"

using namespace portloop;

namespace {

std::shared_ptr<const PortSet> ports(std::string_view text) {
  return std::make_shared<const PortSet>(*parse_ports(text, nullptr));
}

Addition addition(std::string_view text, std::shared_ptr<const PortSet> set, uint64_t tag) {
  return {parse_target(text)->ranges.front(), std::move(set), tag};
}

using Probes = std::map<std::tuple<Address, uint16_t, uint64_t>, int>;  // address, port, tag: how often

void add_to(Probes& probes, const Addition& addition) {
  for (Address address = addition.range.first; address <= addition.range.last; ++address.value) {
    for (uint32_t port = 0; port < addition.ports->size(); ++port)
      ++probes[{address, addition.ports->at(port), addition.tag}];
  }
}

Probes all_of(const std::vector<Addition>& additions) {
  Probes probes;
  for (const Addition& each : additions) add_to(probes, each);
  return probes;
}

/// What a plan asks that draws from all the parts of `additions`, one after the other. Nothing answers.
Probes asked(const std::vector<Addition>& additions, Order order = Order::random) {
  ScanSpace none{TargetSet(), PortSet(), {}};
  ProbeCursor cursor(none);
  PlanOptions options;
  options.adaptive = false;
  options.max_in_flight = 1'000'000;
  options.retries = 0;
  ProbePlan plan(none, cursor, options);
  std::vector<ScanSpace> spaces = spaces_of(additions, order, 7);
  uint64_t position = 0, target = 0, now_us = 1;
  size_t part = 0;
  Probes probes;
  std::map<uint64_t, uint64_t> positions;
  for (;;) {
    if (plan.has_drawn_all() && part < spaces.size()) {
      spaces[part].base_position = position;
      spaces[part].base_target = target;
      position += spaces[part].size();
      target += spaces[part].targets.size();
      plan.draw_from(std::make_shared<ScanPart>(std::move(spaces[part]), 1));
      ++part;
    }
    const ProbePlan::Next next = plan.next(++now_us);
    if (next.step == ProbePlan::Step::ask) {
      CHECK(++positions[next.ask.position] == 1);
      plan.silent(next.ask, ++now_us);
    } else if (next.step == ProbePlan::Step::report) {
      CHECK(next.report.state == PortState::filtered);
      ++probes[{next.report.endpoint.address, next.report.endpoint.port, next.report.tag}];
      CHECK(++positions[next.report.position] == 2);
    } else if (next.step == ProbePlan::Step::finished && part == spaces.size()) {
      break;
    }
  }
  CHECK(positions.size() == position);
  CHECK(plan.live_blocks() == 0);
  return probes;
}

}  // namespace

TEST_CASE("additions with the same ports are one part, their addresses times the ports, with a tag for each") {
  std::vector<Addition> additions;
  for (int i = 0; i < 200; ++i)  // descending, so that the order of the addresses is not that of the additions
    additions.push_back(addition("10.0." + std::to_string(200 - i) + ".7-9", ports("80,443"), 1000 + i / 2));
  const std::vector<ScanSpace> spaces = spaces_of(additions, Order::random, 7);
  REQUIRE(spaces.size() == 1);
  CHECK_FALSE(spaces[0].listed.has_value());
  CHECK(spaces[0].tags.size() == 100);
  CHECK(asked(additions) == all_of(additions));
  CHECK(asked(additions, Order::sequential) == all_of(additions));
}

TEST_CASE("hosts with ports of their own are one list, not a part each") {
  std::vector<Addition> additions;
  for (int i = 0; i < 1000; ++i)
    additions.push_back(addition("10.1." + std::to_string(i % 7) + '.' + std::to_string(i % 250),
                                 ports(std::to_string(i + 1)), i % 3 == 0 ? 0 : i));
  const std::vector<ScanSpace> spaces = spaces_of(additions, Order::random, 7);
  REQUIRE(spaces.size() == 1);
  CHECK(spaces[0].listed.has_value());
  CHECK(asked(additions) == all_of(additions));
  CHECK(asked(additions, Order::sequential) == all_of(additions));
}

TEST_CASE("one address that is added many times, with one port and the same tag, is probed as many times") {
  const std::vector<Addition> additions(300, addition("10.2.0.1", ports("22"), 5));
  CHECK(spaces_of(additions, Order::random, 7).size() == 1);
  CHECK(asked(additions) == all_of(additions));
}

TEST_CASE("large and small additions, overlapping ones, both families and tag 0 are asked as they are added") {
  const auto web = ports("80-99"), wide = ports("1-2000");
  const std::vector<Addition> additions{
      addition("10.3.0.0/24", web, 1),  addition("10.3.0.128/25", web, 2), addition("10.3.0.5", wide, 3),
      addition("10.3.0.0/29", wide, 4), addition("10.3.0.4/31", wide, 5),  addition("fd00::1-fd00::9", web, 0),
      addition("10.3.0.7", web, 0),     addition("10.3.0.7", web, 0),      addition("10.3.0.0/24", web, 6),
  };
  CHECK(asked(additions) == all_of(additions));
  CHECK(asked(additions, Order::sequential) == all_of(additions));
}

TEST_CASE("large additions that overlap follow each other; lists are bounded") {
  const auto wide = ports("1-5000");
  CHECK(spaces_of({3, addition("10.4.0.1", wide, 1)}, Order::random, 7).size() == 3);
  std::vector<Addition> additions;
  for (int i = 0; i < 20; ++i) additions.push_back(addition("10.4.1.1", ports("1-" + std::to_string(4000 - i)), i));
  const std::vector<ScanSpace> spaces = spaces_of(additions, Order::random, 7);
  CHECK(spaces.size() > 1);
  for (const ScanSpace& space : spaces) CHECK(space.size() < max_listed + Addition::max_small);
  CHECK(asked(additions) == all_of(additions));
}

TEST_CASE("a list is full with as many probes as it may have, the second as the first") {
  std::vector<Addition> additions(7, addition("10.4.2.1", ports("1-4096"), 1));
  additions.push_back(addition("10.4.2.1", ports("1-4095"), 2));
  additions.push_back(addition("10.4.2.1", ports("1"), 3));
  const std::vector<ScanSpace> spaces = spaces_of(additions, Order::random, 7);
  REQUIRE(spaces.size() == 2);
  CHECK(spaces[0].size() == max_listed);
  CHECK(spaces[1].size() == max_listed);
}

TEST_CASE("no addition is no part, and the size of one may be that of all addresses") {
  CHECK(spaces_of({}, Order::random, 7).empty());
  CHECK(addition("10.0.0.0/8", ports("1-1000"), 1).probes() == (uint64_t{1} << 24) * 1000);
  CHECK(addition("fd00::/16", ports("80"), 1).probes() == UINT64_MAX);
  CHECK(addition("fd00::/64", ports("80"), 1).probes() == UINT64_MAX);
}
