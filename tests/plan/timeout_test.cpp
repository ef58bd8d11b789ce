#include "plan/timeout.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

RttEstimator samples(uint64_t rtt_us, int count = 50) {
  RttEstimator rtt;
  for (int i = 0; i < count; ++i) rtt.sample(rtt_us);
  return rtt;
}

}  // namespace

TEST_CASE("a host without a sample has 0.95 s, and then 2 s") {
  CHECK(probe_timeout_us({true, 5000}, {}, 1) == 950'000);
  CHECK(probe_timeout_us({true, 5000}, {}, 2) == 2'000'000);
  CHECK(probe_timeout_us({true, 5000}, {}, 9) == 2'000'000);
}

TEST_CASE("a host with samples has twice its round-trip time, at least 0.2 s, doubled from the second pass on") {
  CHECK(probe_timeout_us({true, 1000}, samples(1'000), 1) == 200'000);
  CHECK(probe_timeout_us({true, 1000}, samples(1'000), 2) == 400'000);
  CHECK(probe_timeout_us({true, 1000}, samples(300'000), 1) == 600'000);
  CHECK(probe_timeout_us({true, 5000}, samples(300'000), 2) == 950'000);  // 1.2 s is before the answer to the resend
}

TEST_CASE("a first sample leaves room for what varies: srtt + 4 rttvar") {
  CHECK(probe_timeout_us({true, 1000}, samples(100'000, 1), 1) == 300'000);
}

TEST_CASE("no timeout ends between the kernel's retransmission and its answer") {
  CHECK(probe_timeout_us({true, 1000}, {}, 2) == 950'000);
  CHECK(probe_timeout_us({true, 1249}, {}, 2) == 950'000);
  CHECK(probe_timeout_us({true, 1250}, {}, 2) == 1'250'000);
  CHECK(probe_timeout_us({true, 900}, {}, 2) == 900'000);
}

TEST_CASE("the user's maximum holds, and is the timeout if timing is fixed") {
  CHECK(probe_timeout_us({true, 50}, samples(300'000), 1) == 50'000);
  CHECK(probe_timeout_us({false, 1100}, samples(1'000), 1) == 1'100'000);
}
