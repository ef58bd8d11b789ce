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

TEST_CASE("what slowed a scan down is reported at its end, a line each, and nothing if there was nothing") {
  portloop_stats stats{};
  CHECK(unusual_texts(stats).empty());
  stats.local_failures = 1;
  stats.slowed_per_s = 1400;
  stats.queued_loops = 2;
  stats.neighbour_wait_ms = 6'100;
  const std::vector<std::string> texts = unusual_texts(stats);
  REQUIRE(texts.size() == 4);
  CHECK(texts[0] ==
        "a limit of this machine (descriptors, ports or buffers) was met 1 time: those connects were made later");
  CHECK(texts[1] == "fewer connects were answered the faster they were made: slowed down to about 1,400/s at times");
  CHECK(texts[2].find("a queue") != std::string::npos);
  CHECK(texts[3] ==
        "addresses on this machine's own links have had to wait 6 s for room in its neighbour table (sysctl "
        "net.ipv4.neigh.default.gc_thresh3, or net.ipv6...)");
}
