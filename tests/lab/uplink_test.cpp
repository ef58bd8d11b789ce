// An uplink with a rate and a queue.
#include "lab/uplink.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

TEST_CASE("an idle uplink delays nothing, a busy one by the packets before") {
  Network network("uplink 400/s queue 2s\n" + plain);
  const uint64_t start_ns = network.now_ns;
  for (uint16_t port = 1; port <= 5; ++port) network.syn(port);
  const auto answers = network.pass(second);
  REQUIRE(answers.size() == 5);
  for (uint16_t i = 0; i < 5; ++i) {
    CHECK(answers[i].segment.source_port == i + 1);
    CHECK(answers[i].at_ns == start_ns + 40 * ms + i * (second / 400));
  }
  network.syn(6);
  const uint64_t later_ns = network.now_ns;
  const auto after_a_pause = network.pass(second);
  REQUIRE(after_a_pause.size() == 1);
  CHECK(after_a_pause[0].at_ns == later_ns + 40 * ms);
}

TEST_CASE("the queue holds as many packets as the uplink carries in its time, and drops the further ones") {
  Network network("uplink 400/s queue 2s\n" + plain);
  for (uint16_t port = 1; port <= 1000; ++port) network.syn(port);
  const auto answers = network.pass(3 * second);
  REQUIRE(answers.size() == 801);  // one on the line, 800 that wait for up to 2 s
  CHECK(answers.back().segment.source_port == 801);
  CHECK(network.counters().uplink_dropped == 199);
  CHECK(network.counters().syns == 1000);
  CHECK(network.counters().syn_rate.per_second() == 10000);
  CHECK(network.counters().late == 0);
}

TEST_CASE("above its rate an uplink carries its rate, with a full queue of delay") {
  Network network("uplink 400/s queue 500ms\n" + plain);
  uint32_t answered = 0;
  uint64_t last_delay_ns = 0;
  std::vector<uint64_t> sent_ns(10001);
  for (uint16_t port = 1; port <= 10000; ++port) {
    sent_ns[port] = network.now_ns;
    network.syn(port);
    for (const Seen& seen : network.pass(ms)) {
      ++answered;
      last_delay_ns = seen.at_ns - sent_ns[seen.segment.source_port];
    }
  }
  CHECK(answered == doctest::Approx(400 * 9.96).epsilon(0.001));
  CHECK(last_delay_ns > 535 * ms);
  CHECK(last_delay_ns <= 541 * ms);
}

TEST_CASE("all packets of the command take their turn, so that a handshake through a full queue completes late") {
  Network network("uplink 10/s queue 1s\n" + plain + "open 22 says ssh\n");
  const uint64_t start_ns = network.now_ns;
  network.syn(22);
  const auto handshake = network.pass(100 * ms);
  REQUIRE(handshake.size() == 1);
  for (uint16_t port = 100; port < 105; ++port) network.syn(port);
  network.send(tcp_flag::ack, 22, 101, handshake[0].segment.sequence + 1);
  std::vector<Seen> spoken;
  for (const Seen& seen : network.pass(900 * ms)) {
    if (!seen.payload.empty()) spoken.push_back(seen);
  }
  REQUIRE_FALSE(spoken.empty());
  CHECK(spoken[0].at_ns == start_ns + 600 * ms + 40 * ms);
}

TEST_CASE("a queue of no length drops what finds the uplink busy") {
  Network network("uplink 100/s queue 0s\n" + plain);
  network.syn(1);
  network.syn(2);
  CHECK(network.pass(9 * ms).empty());
  network.syn(3);
  network.now_ns += ms;
  network.syn(4);
  CHECK(network.pass(second).size() == 2);
  CHECK(network.counters().uplink_dropped == 2);
}

TEST_CASE("the uplink doesn't limit what stays on the link") {
  Network network(
      "link ethernet 10.0.0.9/24\ngateway 10.0.0.2\nuplink 1/s queue 0s\nprefix 10.0.0.0/8 198.18.0.0/15\n");
  for (uint16_t port = 1; port <= 10; ++port) {
    network.syn(port);
    network.syn(port, 40000, *parse_address("198.18.0.1"));
  }
  CHECK(network.pass(500 * ms).size() == 11);
}
