#include "cli/scan/scan_notes.hpp"

#include <doctest/doctest.h>

using namespace portloop;

TEST_CASE("a full connection table is reported as what it looks like, and what helps") {
  portloop_stats stats{};
  stats.flow_limit_per_s = 22;
  stats.flow_limit_flows = 1012;
  stats.flow_limit_hold_ms = 31'700;
  CHECK(flow_limit_text(stats) ==
        "new connections went unanswered after about 1,012 of them, for 32 s, twice: the connection table of a router "
        "may be full. Slowed down to 22/s; -r 22 would have kept it from filling up");
}
