#include "plan/hop_watch.hpp"

#include <doctest/doctest.h>

#include "plan/flow_limit.hpp"

using namespace portloop;

namespace {

constexpr uint64_t second_us = 1'000'000;
constexpr uint32_t checks = RecoverySchedule::checks_of_full_table;
const Endpoint dead{{Family::ipv4, 0, 0x0a000001}, 80};

/// Asks once, if that is due. Returns whether it was.
bool ask(HopWatch& hop, uint64_t serial, uint64_t now_us, HopOutcome outcome) {
  if (!hop.due(serial, now_us) || !hop.begin_ask(serial, now_us)) return false;
  hop.sent(serial, now_us);
  hop.ended(outcome, dead, now_us + 1000, checks);
  return true;
}

/// The router reports once, and is silent from then on, until it is full. Returns when it is asked next, with `serial`.
uint64_t make_full(HopWatch& hop, uint64_t& serial) {
  REQUIRE(ask(hop, 128, 1, HopOutcome::expired));
  hop.want_proof();
  uint64_t now_us = second_us;
  for (serial = 1000; !hop.is_full(); now_us = hop.next_ask_us())
    REQUIRE(ask(hop, serial++, now_us, HopOutcome::silent));
  return now_us;
}

}  // namespace

TEST_CASE("of a router's limit of reports, as many are used in a burst, and then one a second") {
  SharedHop shared;
  for (int i = 0; i < 4; ++i) CHECK(shared.take(second_us, 1));
  CHECK_FALSE(shared.take(second_us, 1));
  CHECK(shared.take(second_us, 0));
  CHECK_FALSE(shared.take(second_us, 0));
  CHECK(shared.next_take_us() == 2 * second_us);
  CHECK(shared.take(shared.next_take_us(), 0));
  CHECK_FALSE(shared.take(shared.next_take_us() - 1, 0));
}

TEST_CASE("one loop at a time looks for a connect that the router reports, and the first one found is kept") {
  SharedHop shared;
  CHECK(shared.begin_search(second_us));
  CHECK_FALSE(shared.begin_search(2 * second_us - 1));
  CHECK(shared.begin_search(2 * second_us));
  CHECK_FALSE(shared.endpoint());
  shared.set_endpoint(dead);
  shared.set_endpoint({dead.address, 81});
  CHECK(shared.endpoint() == dead);
}

TEST_CASE("a router is asked when many asks were not answered, and nothing follows from what it never reported") {
  SharedHop shared;
  HopWatch hop(shared);
  CHECK_FALSE(ask(hop, 127, 1, HopOutcome::silent));
  hop.let_through(100);
  CHECK_FALSE(ask(hop, 200, 1, HopOutcome::silent));
  uint64_t serial = 228;
  for (uint64_t now_us = 1; now_us < 10 * second_us; now_us += second_us, serial += 1000)
    CHECK(ask(hop, serial, now_us, now_us < second_us ? HopOutcome::answered : HopOutcome::silent) ==
          (now_us < 3 * second_us));
  CHECK_FALSE(hop.is_full());
  CHECK(hop.is_proven(UINT64_MAX, serial));
}

TEST_CASE("a router that is silent four times in a row is full, until an ask that is sent later gets through") {
  SharedHop shared;
  HopWatch hop(shared);
  REQUIRE(ask(hop, 128, 1, HopOutcome::expired));
  CHECK(hop.is_proven(1, 128 + FlowLimit::min_table_flows - 1 - 128));
  CHECK_FALSE(hop.is_proven(2, 128 + FlowLimit::min_table_flows));
  hop.want_proof();
  uint64_t now_us = second_us;
  for (uint64_t serial = 1000; serial < 1004; ++serial) {
    CHECK_FALSE(hop.is_full());
    REQUIRE(ask(hop, serial, now_us, HopOutcome::silent));
    now_us = hop.next_ask_us();
  }
  CHECK(hop.is_full());
  CHECK_FALSE(hop.is_back(second_us));
  CHECK(hop.is_back(now_us));
  REQUIRE(ask(hop, 1004, now_us, HopOutcome::silent));
  now_us = hop.next_ask_us();
  REQUIRE(ask(hop, 1005, now_us, HopOutcome::expired));
  CHECK_FALSE(hop.is_back(0));
  REQUIRE(ask(hop, 1006, now_us, HopOutcome::silent));  // lost
  CHECK_FALSE(hop.is_back(0));
  REQUIRE(ask(hop, 1007, now_us, HopOutcome::expired));
  CHECK(hop.is_back(0));
  hop.back(1008);
  CHECK_FALSE(hop.is_full());
  CHECK(hop.is_proven(UINT64_MAX, 1008));
}

TEST_CASE("a router that reports once and then misses two is not full, but reports too rarely") {
  SharedHop shared;
  HopWatch hop(shared);
  uint64_t serial;
  const uint64_t now_us = make_full(hop, serial);
  REQUIRE(ask(hop, serial++, now_us, HopOutcome::expired));
  REQUIRE(ask(hop, serial++, now_us, HopOutcome::silent));
  REQUIRE(ask(hop, serial++, now_us, HopOutcome::silent));
  CHECK_FALSE(hop.is_full());
  CHECK_FALSE(hop.is_back(UINT64_MAX));
  CHECK(hop.is_proven(UINT64_MAX, 1'000'000));
}

TEST_CASE("one report ends the doubt") {
  SharedHop shared;
  HopWatch hop(shared);
  REQUIRE(ask(hop, 128, 1, HopOutcome::expired));
  for (uint64_t number = 0; number < 20; ++number) {
    hop.want_proof();
    const uint64_t now_us = std::max(hop.next_ask_us(), number * second_us);
    REQUIRE(ask(hop, 1000 + number, now_us, number % 4 == 3 ? HopOutcome::expired : HopOutcome::silent));
  }
  CHECK_FALSE(hop.is_full());
}

TEST_CASE("a full router is given up after its checks, and not while it is being checked") {
  SharedHop shared;
  HopWatch hop(shared);
  uint64_t serial;
  uint64_t now_us = make_full(hop, serial);
  const uint64_t full_us = now_us;
  for (uint32_t check = 0; check < checks; ++check) {
    CHECK_FALSE(hop.is_given_up(now_us));
    REQUIRE(ask(hop, serial++, now_us, HopOutcome::silent));
    now_us = hop.next_ask_us();
  }
  CHECK(hop.is_given_up(now_us));
  CHECK(now_us > full_us + 30 * second_us);
}

TEST_CASE("asks that could not be made show nothing, and are made again") {
  SharedHop shared;
  HopWatch hop(shared);
  for (uint64_t serial = 1000; serial < 10'000; serial += 1000) {
    const uint64_t now_us = serial * second_us;
    REQUIRE(hop.due(serial, now_us));
    REQUIRE(hop.begin_ask(serial, now_us));
    hop.sent(serial, now_us);
    hop.withdrawn();
    CHECK(hop.searches() == 0);
    CHECK_FALSE(hop.is_full());
  }
  CHECK(ask(hop, 20'000, 20'000 * second_us, HopOutcome::expired));
}

TEST_CASE("an endpoint that answers by itself shows nothing any more") {
  SharedHop shared;
  HopWatch hop(shared);
  REQUIRE(ask(hop, 128, 1, HopOutcome::expired));
  REQUIRE(ask(hop, 1000, second_us, HopOutcome::answered));
  CHECK(hop.is_proven(UINT64_MAX, 1'000'000));
  CHECK_FALSE(hop.due(1'000'000, 100 * second_us));
}
