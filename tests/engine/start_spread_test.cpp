#include "engine/start_spread.hpp"

#include "doctest/doctest.h"

using portloop::StartSpread;

namespace {

constexpr uint64_t window_us = 32'000;
constexpr uint32_t max_sockets = 1'500;
constexpr uint64_t long_ago_us = 1;

/// Starts connects on sockets that were started long ago, until there may be no more.
uint32_t fill(StartSpread& spread, uint64_t now_us) {
  uint32_t sockets = 0;
  for (; !spread.is_full(now_us) && sockets < 2 * max_sockets; ++sockets) spread.started(long_ago_us, now_us);
  return sockets;
}

}  // namespace

TEST_CASE("so many sockets are started in a window, and as many in the next") {
  StartSpread spread;
  const uint64_t begin_us = 100 * window_us;
  CHECK(fill(spread, begin_us) == max_sockets);
  CHECK(spread.is_full(begin_us + window_us - 1));
  CHECK(spread.wait_us(begin_us) == window_us);
  CHECK(spread.wait_us(begin_us + window_us - 1) == 1);
  CHECK_FALSE(spread.is_full(begin_us + window_us));
  CHECK(fill(spread, begin_us + window_us) == max_sockets);
}

TEST_CASE("a socket that is started again in the same window counts once") {
  StartSpread spread;
  const uint64_t begin_us = 100 * window_us;
  spread.started(long_ago_us, begin_us);
  for (uint32_t i = 0; i < 10 * max_sockets; ++i) spread.started(begin_us, begin_us + 1);
  CHECK_FALSE(spread.is_full(begin_us + 1));
  CHECK(fill(spread, begin_us + 2) == max_sockets - 1);
}
