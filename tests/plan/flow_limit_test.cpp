#include "plan/flow_limit.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {
constexpr uint64_t second_us = 1'000'000;
}

TEST_CASE("one silence that ends may be anything: nothing is limited") {
  FlowLimit flows;
  flows.recovered(1000, 5000, second_us, 32 * second_us);
  CHECK(flows.rate_per_s() == 0);
}

TEST_CASE("after the second silence the rate is seven tenths of what went through, in the time that it took") {
  FlowLimit flows;
  flows.recovered(800, 5000, 1 * second_us, 31 * second_us);
  flows.recovered(6000, 9000, 32 * second_us, 62 * second_us);
  CHECK(flows.flows() == 1000);
  CHECK(flows.hold_us() == 30 * second_us);
  CHECK(flows.rate_per_s() == doctest::Approx(0.7 * 1000 / 30));
}

TEST_CASE("a silence of a few seconds is no table's") {
  FlowLimit flows;
  for (uint64_t second = 0; second < 100; second += 5)
    flows.recovered(second * 10, second * 10, second * second_us, (second + 3) * second_us);
  CHECK(flows.rate_per_s() == 0);
}

TEST_CASE("a silence at the limited rate halves it, twice at most") {
  FlowLimit flows;
  flows.recovered(1000, 1000, 0, 30 * second_us);
  flows.recovered(2000, 2000, 30 * second_us, 60 * second_us);
  const double rate_per_s = flows.rate_per_s();
  flows.recovered(9000, 9000, 100 * second_us, 110 * second_us);
  CHECK(flows.rate_per_s() == rate_per_s / 2);
  for (int i = 0; i < 10; ++i) flows.recovered(9000, 9000, 110 * second_us, 120 * second_us);
  CHECK(flows.rate_per_s() == rate_per_s / 4);
  CHECK(flows.flows() == 1000);
}

TEST_CASE("if hardly anything went through, the rate is still two a second") {
  FlowLimit flows;
  for (int silence = 0; silence < 5; ++silence) flows.recovered(0, 0, 0, 30 * second_us);
  CHECK(flows.rate_per_s() == 2);
}
