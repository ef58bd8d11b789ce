// What the simulated hosts answer to SYNs, and when.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

TEST_CASE("a closed port answers with a RST after one round trip, an open one with a SYN-ACK") {
  Network network(plain + "open 22\n");
  const uint64_t start_ns = network.now_ns;
  network.syn(21);
  network.syn(22);
  CHECK(network.pass(39 * ms).empty());
  const auto answers = network.pass(2 * ms);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].has(rst_ack));
  CHECK(answers[0].segment.acknowledgement == 101);
  CHECK(answers[0].segment.source_port == 21);
  CHECK(answers[0].at_ns == start_ns + 40 * ms);
  CHECK(answers[1].has(syn_ack));
  CHECK(answers[1].segment.acknowledgement == 101);
  CHECK(answers[1].segment.source == host);
  CHECK(answers[1].segment.destination == me);
  CHECK(answers[1].segment.destination_port == 40000);
  CHECK(network.counters().peak_half_open == 1);
}

TEST_CASE("IPv6 hosts answer like IPv4 ones") {
  Network network(plain + "open 22\n");
  const Address ipv6 = *parse_address("fd00::7");
  network.syn(22, 40000, ipv6);
  network.syn(23, 40000, ipv6);
  const auto answers = network.pass(second / 2);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].has(syn_ack));
  CHECK(answers[0].segment.source == ipv6);
  CHECK(answers[1].has(rst_ack));
}

TEST_CASE("a filtered port, an address without a host and one outside every prefix stay silent") {
  Network network("prefix 10.0.0.0/24\nopen 22\nclosed silent\nprefix 10.0.1.0/24\nexists 0%\n");
  network.syn(23);
  network.syn(22, 40000, *parse_address("10.0.1.1"));
  network.syn(22, 40000, *parse_address("11.0.0.1"));
  CHECK(network.pass(60 * second).empty());
  CHECK(network.counters().syns == 3);
}

TEST_CASE("ICMP errors come from the host if they are about a port, otherwise from its router") {
  const auto answer = [](const std::string& refusal, const char* to) {
    Network network("prefix 10.0.0.0/8\nclosed " + refusal + "\n");
    network.syn(9, 40000, *parse_address(to));
    const auto answers = network.pass(second);
    REQUIRE(answers.size() == 1);
    const std::vector<uint8_t>& bytes = answers[0].bytes;
    CHECK(bytes[9] == 1);
    return std::to_string(bytes[20]) + '/' + std::to_string(bytes[21]) + " from " + std::to_string(bytes[12]) + '.' +
           std::to_string(bytes[13]) + '.' + std::to_string(bytes[14]) + '.' + std::to_string(bytes[15]);
  };
  CHECK(answer("port-unreachable", "10.0.0.9") == "3/3 from 10.0.0.9");
  CHECK(answer("host-unreachable", "10.0.0.9") == "3/1 from 10.0.0.1");
  CHECK(answer("net-unreachable", "10.0.0.9") == "3/0 from 10.0.0.1");
  CHECK(answer("admin-prohibited", "10.0.0.1") == "3/13 from 10.0.0.254");
}

TEST_CASE("a repeated SYN of the same handshake gets the same SYN-ACK again") {
  Network network(plain + "open 22\n");
  network.syn(22);
  const auto first = network.pass(100 * ms);
  network.syn(22);
  const auto second_time = network.pass(100 * ms);
  REQUIRE(first.size() == 1);
  REQUIRE(second_time.size() == 1);
  CHECK(first[0].bytes == second_time[0].bytes);
  CHECK(network.counters().syn_repeated == 1);
  CHECK(network.counters().peak_half_open == 1);
}

TEST_CASE("a host sends no more RSTs a second than its limit, and SYN-ACKs are not limited") {
  Network network(plain + "rst-per-second 100 burst 5\nopen 1-50\n");
  uint32_t rsts = 0, syn_acks = 0;
  for (uint16_t i = 0; i < 1000; ++i) {
    network.syn(static_cast<uint16_t>(i % 50 + 1), static_cast<uint16_t>(20000 + i));
    network.syn(static_cast<uint16_t>(i + 100));
    for (const Seen& seen : network.pass(2 * ms)) (seen.has(rst_ack) ? rsts : syn_acks) += 1;
  }
  for (const Seen& seen : network.pass(50 * ms)) (seen.has(rst_ack) ? rsts : syn_acks) += 1;
  CHECK(rsts >= 204);
  CHECK(rsts <= 206);
  CHECK(network.counters().rst_withheld == 1000 - rsts);
  CHECK(syn_acks >= 1000);
}

TEST_CASE("after a pause a host still sends no more RSTs at once than its burst") {
  Network network(plain + "rst-per-second 100 burst 5\n");
  network.syn(1);
  network.pass(10 * second);
  for (uint16_t port = 2; port <= 100; ++port) network.syn(port);
  CHECK(network.pass(50 * ms).size() == 5);
}

TEST_CASE("each host has its own limit of RSTs") {
  Network network(plain + "rst-per-second 1 burst 1\n");
  network.syn(1);
  network.syn(2);
  network.syn(1, 40000, *parse_address("10.0.0.2"));
  CHECK(network.pass(second).size() == 2);
}

TEST_CASE("packets are lost by share in each direction, and each retry is drawn again") {
  Network network(plain + "loss out 10% back 20%\n");
  std::vector<bool> answered(10001);
  uint32_t silent = 10000, syns = 0;
  for (int attempt = 1; attempt <= 4; ++attempt) {
    CAPTURE(attempt);
    for (uint16_t port = 1; port <= 10000; ++port) {
      if (!answered[port]) network.syn(port);
    }
    syns += silent;
    const auto answers = network.pass(second);
    CHECK(answers.size() == doctest::Approx(silent * 0.72).epsilon(0.08));
    for (const Seen& seen : answers) answered[seen.segment.source_port] = true;
    silent -= static_cast<uint32_t>(answers.size());
  }
  CHECK(network.counters().dropped == syns - (10000 - silent));
  CHECK(network.counters().syn_repeated == syns - 10000);
}

TEST_CASE("the same packets are lost in each run, and others with another seed") {
  const auto answered = [](uint64_t seed) {
    Network network(plain + "loss 30%\n", seed);
    for (uint16_t port = 1; port <= 1000; ++port) network.syn(port, static_cast<uint16_t>(20000 + port));
    std::vector<uint16_t> ports;
    for (const Seen& seen : network.pass(second)) ports.push_back(seen.segment.source_port);
    return ports;
  };
  CHECK(answered(1) == answered(1));
  CHECK(answered(1) != answered(2));
}

TEST_CASE("jitter adds up to its amount to the round trip") {
  Network network(plain + "jitter 10ms\n");
  const uint64_t start_ns = network.now_ns;
  for (uint16_t port = 1; port <= 1000; ++port) network.syn(port);
  uint64_t first_ns = UINT64_MAX, last_ns = 0;
  for (const Seen& seen : network.pass(second)) {
    first_ns = std::min(first_ns, seen.at_ns - start_ns);
    last_ns = std::max(last_ns, seen.at_ns - start_ns);
  }
  CHECK(first_ns >= 40 * ms);
  CHECK(first_ns < 41 * ms);
  CHECK(last_ns > 49 * ms);
  CHECK(last_ns < 50 * ms);
}

TEST_CASE("a host that goes away is silent from then on, until it comes back") {
  Network network(plain + "gone-at 1s\nback-at 3s\n");
  for (int second_number = 0; second_number < 5; ++second_number) {
    CAPTURE(second_number);
    network.syn(static_cast<uint16_t>(second_number + 1));
    const bool away = second_number == 1 || second_number == 2;
    CHECK(network.pass(second).size() == (away ? 0 : 1));
  }
}

TEST_CASE("a host that goes away does so counted from its own first packet, and stays away without back-at") {
  Network network(plain + "gone-at 1s\n");
  network.syn(1);
  CHECK(network.pass(2 * second).size() == 1);
  network.syn(2);
  network.syn(1, 40000, *parse_address("10.0.0.2"));
  CHECK(network.pass(60 * second).size() == 1);
  network.syn(3);
  CHECK(network.pass(second).empty());
}

TEST_CASE("a host that bans the command refuses all that comes after so many SYNs, for a time") {
  Network network(plain + "open 22\nbans after 2 for 10s with rst\n");
  uint16_t source_port = 40000;
  const auto answer = [&] {
    network.syn(22, ++source_port);
    for (const auto& packet : network.pass(second))  // what was accepted before is retransmitted
      if (packet.segment.destination_port == source_port) return packet.has(syn_ack);
    FAIL("no answer");
    return false;
  };
  CHECK(answer());
  CHECK(answer());
  CHECK_FALSE(answer());
  network.pass(8 * second);
  CHECK_FALSE(answer());
  CHECK(answer());  // and the host counts from 0
  CHECK(answer());
  CHECK_FALSE(answer());
  Network other(plain + "open 22\nbans after 1 with silent\n");
  other.syn(23);
  other.syn(22);
  CHECK(other.pass(60 * second).size() == 1);
  other.syn(22, 40000, *parse_address("10.0.0.99"));  // each host counts for itself
  CHECK(other.pass(second).size() == 1);
}

TEST_CASE("an answer that is taken too late is counted") {
  Network network(plain);
  network.syn(1);
  network.now_ns += 45 * ms;  // 40 ms + 2 ms + a tenth of the RTT is tolerated
  CHECK(network.responder().take_due(network.now_ns) != nullptr);
  CHECK(network.counters().late == 0);
  network.syn(2);
  network.now_ns += 47 * ms;
  CHECK(network.responder().take_due(network.now_ns) != nullptr);
  CHECK(network.counters().late == 1);
  CHECK(network.counters().bottleneck());
}

TEST_CASE("the peak rate is that of the tenth of a second with most SYNs") {
  Network network(plain);
  for (uint16_t i = 0; i < 100; ++i) {
    network.syn(static_cast<uint16_t>(i + 1));
    network.pass(second / 100);
  }
  CHECK(network.counters().syn_rate.per_second() == 100);
  for (uint16_t i = 0; i < 50; ++i) network.syn(static_cast<uint16_t>(i + 1));
  CHECK(network.counters().syn_rate.per_second() >= 590);
  CHECK(network.counters().syn_rate.per_second() <= 600);
}

TEST_CASE("packets of random bytes do no harm") {
  Network network(plain + "open 22\n");
  uint64_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> bytes(mix64(state += 1) % 100);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(mix64(state += 1));
    if (!bytes.empty()) bytes[0] = i % 2 == 0 ? 0x45 : 0x60;
    if (bytes.size() > 20 && i % 2 == 0) {
      bytes[2] = 0, bytes[3] = static_cast<uint8_t>(bytes.size()), bytes[6] = 0x40, bytes[7] = 0, bytes[9] = 6;
      bytes[16] = 10;
    }
    network.responder().receive(bytes, network.now_ns);
  }
  network.pass(60 * second);
  CHECK(network.counters().packets_in == 20000);
}
