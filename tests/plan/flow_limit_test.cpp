#include "plan/flow_limit.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

constexpr uint64_t second_us = 1'000'000;

/// The `number`-th silence: it begins after 1,000 asks since the one before, the last of them answered, and lasts 30 s.
void one_silence(FlowLimit& flows, uint64_t number) {
  const uint64_t begins_us = number * 40 * second_us;
  flows.answered(number * 5000 - 4001, begins_us);
  flows.silence_ended(number * 5000, begins_us + 30 * second_us);
}

}  // namespace

TEST_CASE("one silence that ends may be anything: nothing is limited") {
  FlowLimit flows;
  one_silence(flows, 1);
  CHECK(flows.rate_per_s() == 0);
}

TEST_CASE("after the second silence the rate is seven tenths of what went through, in the time that it took") {
  FlowLimit flows;
  for (const uint64_t number : {1, 2}) one_silence(flows, number);
  CHECK(flows.flows() == 1000);
  CHECK(flows.hold_us() == 30 * second_us);
  CHECK(flows.rate_per_s() == doctest::Approx(0.7 * 1000 / 30));
}

TEST_CASE("of two silences the one after more probes counts: the last that went through was hardly answered") {
  FlowLimit flows;
  flows.answered(99, second_us);
  flows.silence_ended(5000, 31 * second_us);
  one_silence(flows, 2);
  CHECK(flows.flows() == 1000);
}

TEST_CASE("a silence of a few seconds is no table's, and neither is one after a hundred thousand probes") {
  FlowLimit brief, late;
  for (uint64_t second = 10; second < 100; second += 5) {
    brief.answered(second * 10, second * second_us);
    brief.silence_ended(second * 10 + 1, (second + 3) * second_us);
    late.answered(second * 100'000, second * 10 * second_us);
    late.silence_ended(second * 100'000 + 1, (second * 10 + 30) * second_us);
  }
  CHECK(brief.rate_per_s() == 0);
  CHECK(late.rate_per_s() == 0);
}

TEST_CASE("no table is expected to hold more than 65,536 connections") {
  for (const uint64_t held : {65'536U, 65'537U}) {
    CAPTURE(held);
    FlowLimit flows;
    for (const uint64_t number : {1, 2}) {
      const uint64_t began_serial = (number - 1) * 100'000, silent_us = number * 100 * second_us;
      flows.answered(began_serial + held - 1, silent_us);
      flows.silence_ended(number * 100'000, silent_us + 30 * second_us);
    }
    CHECK((flows.rate_per_s() > 0) == (held == 65'536));
  }
}

TEST_CASE("a silence at the limited rate halves it, twice at most") {
  FlowLimit flows;
  for (const uint64_t number : {1, 2}) one_silence(flows, number);
  const double rate_per_s = flows.rate_per_s();
  one_silence(flows, 3);
  CHECK(flows.rate_per_s() == rate_per_s / 2);
  for (uint64_t number = 4; number < 14; ++number) one_silence(flows, number);
  CHECK(flows.rate_per_s() == rate_per_s / 4);
}

TEST_CASE("if hardly anything went through, the rate is still two a second") {
  FlowLimit flows;
  for (uint64_t silence = 1; silence < 6; ++silence) {
    flows.answered(silence, silence * 100 * second_us);
    flows.silence_ended(silence, (silence * 100 + 30) * second_us);
  }
  CHECK(flows.rate_per_s() == 2);
}

TEST_CASE("a silence may be a small table's as long as no more than 8,192 probes went before it") {
  FlowLimit flows;
  flows.answered(8191, second_us);
  CHECK(flows.may_be_full());
  flows.answered(8192, second_us);
  CHECK(!flows.may_be_full());
  flows.silence_ended(9000, 32 * second_us);
  CHECK(flows.may_be_full());
}

TEST_CASE("a scan that comes no further has half of what it had, down to two a second") {
  FlowLimit flows;
  uint64_t serial = 0, now_us = 0;
  const auto silence_after = [&](uint64_t asks, uint64_t seconds) {
    serial += asks;
    now_us += seconds * second_us;
    flows.answered(serial - 1, now_us - second_us);
    flows.silence_ended(serial, now_us);
  };
  silence_after(1000, 10);
  flows.slow_down();
  CHECK(flows.rate_per_s() == doctest::Approx(50));
  CHECK(flows.flows() == 1000);
  CHECK(flows.hold_us() == second_us);
  silence_after(300, 10);  // it was slower than it might have been
  flows.slow_down();
  CHECK(flows.rate_per_s() == doctest::Approx(15));
  for (int i = 0; i < 10; ++i) flows.slow_down();
  CHECK(flows.rate_per_s() == 2);
}
