#include "core/rtt_estimator.hpp"

#include <doctest/doctest.h>

using namespace portloop;

TEST_CASE("the estimate follows RFC 6298's gains, in whole microseconds") {
  RttEstimator rtt;
  CHECK_FALSE(rtt.has_sample());
  struct {
    uint64_t sample, srtt, rttvar;
  } const steps[] = {{310, 310, 155}, {710, 360, 217}, {100, 327, 228},
                     {100, 299, 227}, {100, 274, 220}, {100, 252, 208}};
  for (const auto& step : steps) {
    rtt.sample(step.sample);
    CAPTURE(step.sample);
    CHECK(rtt.srtt_us() == step.srtt);
    CHECK(rtt.rttvar_us() == step.rttvar);
  }
  CHECK(rtt.deadline_us() == 252 + 4 * 208);
  CHECK(RttEstimator().deadline_us() == 0);
}

TEST_CASE("an estimate continues from saved values") {
  RttEstimator rtt, whole;
  for (const uint64_t sample : {800, 300, 500}) {
    whole.sample(sample);
    rtt.sample(sample);
    rtt = RttEstimator(rtt.srtt_us(), rtt.rttvar_us());
  }
  CHECK(rtt.srtt_us() == whole.srtt_us());
  CHECK(rtt.rttvar_us() == whole.rttvar_us());
}

TEST_CASE("extreme samples neither wrap around nor count as no sample") {
  RttEstimator rtt;
  rtt.sample(0);
  CHECK(rtt.has_sample());
  for (int i = 0; i < 200; ++i) rtt.sample(UINT64_MAX);
  CHECK(rtt.srtt_us() > 59'000'000);
  CHECK(rtt.srtt_us() <= 60'000'000);
  for (int i = 0; i < 200; ++i) rtt.sample(0);
  CHECK(rtt.has_sample());
  CHECK(rtt.srtt_us() < 100);
}
