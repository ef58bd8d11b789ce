// Losses in bursts, and outages.
#include "lab/interruptions.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

TEST_CASE("each period has one burst of the given length, at a place that differs from period to period") {
  Region region;
  region.bursts = Bursts{150'000, 1'000'000};
  std::set<int> starts_ms;
  for (int period = 0; period < 100; ++period) {
    CAPTURE(period);
    int lost_ms = 0, bursts = 0, start_ms = -1;
    bool before = false;
    for (int at_ms = 0; at_ms < 1000; ++at_ms) {
      const bool now = interrupted(region, 7, static_cast<uint64_t>(period * 1000 + at_ms) * ms);
      lost_ms += now ? 1 : 0;
      if (now && !before) ++bursts, start_ms = at_ms;
      before = now;
    }
    CHECK(bursts == 1);
    CHECK(lost_ms >= 150);
    CHECK(lost_ms <= 151);
    starts_ms.insert(start_ms);
  }
  CHECK(starts_ms.size() > 80);
  CHECK(*starts_ms.begin() < 50);
  CHECK(*starts_ms.rbegin() > 800);
}

TEST_CASE("in a burst all packets are lost in both directions, and outside none") {
  Network network(plain + "loss bursts of 150ms every 1s\nopen 22\n");
  constexpr uint32_t syns = 20000;
  std::vector<bool> answered(syns);
  for (uint32_t i = 0; i < syns; ++i) {
    network.syn(static_cast<uint16_t>(100 + i));
    for (const Seen& seen : network.pass(ms)) answered[static_cast<uint16_t>(seen.segment.source_port - 100)] = true;
  }
  for (const Seen& seen : network.pass(second)) answered[static_cast<uint16_t>(seen.segment.source_port - 100)] = true;
  uint32_t lost = 0, runs = 0;
  for (uint32_t i = 0; i < syns; ++i) {
    lost += answered[i] ? 0 : 1;
    runs += !answered[i] && (i == 0 || answered[i - 1]) ? 1 : 0;
  }
  // A SYN is lost in a burst, or because its answer, 40 ms later, is: 190 of 1,000. The two times overlap in one run.
  CHECK(lost == doctest::Approx(syns * 0.19).epsilon(0.05));
  CHECK(runs >= 18);
  CHECK(runs <= 21);
  CHECK(network.counters().dropped == lost);
}

TEST_CASE("bursts are the same in each run, and others with another seed") {
  const auto lost = [](uint64_t seed) {
    Network network("prefix 10.0.0.0/8\nloss bursts of 100ms every 500ms\n", seed);
    std::vector<bool> answered;
    for (uint16_t i = 1; i <= 2000; ++i) {
      network.syn(i);
      answered.push_back(!network.pass(ms).empty());
    }
    return answered;
  };
  CHECK(lost(1) == lost(1));
  CHECK(lost(1) != lost(2));
}

TEST_CASE("during an outage all hosts are silent, counted from the first packet to any of them") {
  Network network(plain + "outage from 1.5s for 2s\n");
  for (uint16_t half_seconds = 0; half_seconds < 10; ++half_seconds) {
    CAPTURE(half_seconds);
    const Address to{Family::ipv4, 0, host.value + half_seconds};
    network.syn(9, 40000, to);
    const bool away = half_seconds >= 3 && half_seconds < 7;
    CHECK(network.pass(second / 2).size() == (away ? 0 : 1));
  }
  CHECK(network.counters().dropped == 4);
}

TEST_CASE("an answer on its way when the outage begins is lost") {
  Network network(plain + "outage from 1s\n");
  network.syn(1);
  network.pass(970 * ms);
  network.syn(2);
  CHECK(network.pass(second).empty());
  network.syn(3);
  CHECK(network.pass(3600 * second).empty());
}

TEST_CASE("what a connection sends during an outage is lost") {
  Network network(plain + "outage from 1s for 1s\nopen 22 says http\n");
  const uint32_t first_byte = network.connect(22);
  network.pass(second);
  network.send(tcp_flag::ack | tcp_flag::psh, 22, 101, first_byte, "GET / HTTP/1.0\r\n\r\n");
  CHECK(network.pass(5 * second).empty());
  network.send(tcp_flag::ack | tcp_flag::psh, 22, 101, first_byte, "GET / HTTP/1.0\r\n\r\n");
  CHECK_FALSE(network.pass(100 * ms).empty());
}

TEST_CASE("an outage of one prefix leaves the others alone") {
  Network network("prefix 10.0.0.0/24\noutage from 0s\nprefix 10.0.1.0/24\n");
  network.syn(1);
  network.syn(1, 40000, *parse_address("10.0.1.1"));
  CHECK(network.pass(second).size() == 1);
}
