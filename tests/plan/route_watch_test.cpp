#include "plan/route_watch.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

Ask ask_with(uint64_t serial) {
  Ask ask;
  ask.serial = serial;
  return ask;
}

}  // namespace

TEST_CASE("an ask that lacks a route is made again, 300 times in all") {
  RouteWatch routes;
  Ask ask = ask_with(1);
  for (uint32_t pause = 0; pause < 300; ++pause) CHECK(routes.failed(ask));
  CHECK(!routes.failed(ask));
}

TEST_CASE("only an ask that lacked its route and then ended otherwise renews the patience") {
  RouteWatch routes;
  Ask lacking = ask_with(1);
  while (routes.failed(lacking)) {
  }
  routes.ended(ask_with(2));  // another network's
  CHECK(!routes.failed(lacking));
  routes.ended(lacking);
  CHECK(routes.failed(lacking));
}

TEST_CASE("what was in flight when a route was away may be lost, and what was sent later is not") {
  RouteWatch routes;
  CHECK(!routes.may_be_lost(ask_with(4)));
  Ask failed = ask_with(5);
  REQUIRE(routes.failed(failed));
  CHECK(routes.may_be_lost(ask_with(4)));
  CHECK(!routes.may_be_lost(ask_with(6)));
}

TEST_CASE("after twenty outages, asks in flight are believed again") {
  RouteWatch routes;
  for (uint64_t outage = 1; outage <= 20; ++outage) {
    Ask ask = ask_with(outage * 10);
    REQUIRE(routes.failed(ask));
    CHECK(routes.may_be_lost(ask_with(outage * 10 - 1)));
    routes.ended(ask);
  }
  Ask last = ask_with(1000);
  REQUIRE(routes.failed(last));
  CHECK(!routes.may_be_lost(ask_with(999)));
}
