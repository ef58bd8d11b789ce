// ICMP errors that come late, and at a limited rate.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lab/stepped_network.hpp"
#include "lab/unresolved_hosts.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

constexpr uint8_t icmp = 1;

/// The destination port of the SYN that an IPv4 ICMP error quotes.
uint16_t quoted_port(const Seen& seen) {
  REQUIRE(seen.bytes.size() >= 52);
  REQUIRE(seen.bytes[9] == icmp);
  return static_cast<uint16_t>(seen.bytes[50] << 8 | seen.bytes[51]);
}

std::string absent(const std::string& missing) { return "prefix 10.0.0.0/8\nrtt 40ms\nexists 0%\n" + missing + "\n"; }

}  // namespace

TEST_CASE("a router answers together for all packets to an absent host, a time after the first of them") {
  Network network(absent("missing host-unreachable after 3s"));
  const uint64_t start_ns = network.now_ns;
  network.syn(1);
  CHECK(network.pass(second).empty());
  network.syn(2);
  network.syn(3);
  CHECK(network.pass(2 * second + 39 * ms).empty());
  const auto answers = network.pass(2 * ms);
  REQUIRE(answers.size() == 3);
  for (uint16_t i = 0; i < 3; ++i) {
    CHECK(answers[i].at_ns == start_ns + 3 * second + 40 * ms);
    CHECK(quoted_port(answers[i]) == i + 1);
  }
}

TEST_CASE("after its answer the router looks for the host again, as long as before") {
  Network network(absent("missing host-unreachable after 3s"));
  network.syn(1);
  CHECK(network.pass(3500 * ms).size() == 1);
  network.syn(2);
  CHECK(network.pass(3 * second).empty());
  CHECK(network.pass(100 * ms).size() == 1);
}

TEST_CASE("the router holds 101 packets of an absent host, the youngest ones") {
  static_assert(UnresolvedHosts::max_waiting == 101);
  Network network(absent("missing host-unreachable after 3s"));
  for (uint16_t port = 1; port <= 150; ++port) network.syn(port);
  network.syn(9, 40000, *parse_address("10.0.0.2"));
  const auto answers = network.pass(4 * second);
  REQUIRE(answers.size() == 102);
  CHECK(quoted_port(answers[0]) == 50);
  CHECK(quoted_port(answers[100]) == 150);
  CHECK(network.counters().icmp_withheld == 49);
}

TEST_CASE("a router sends no more errors than its limit, over all its hosts") {
  Network network(absent("missing host-unreachable limit 1/s"));
  uint32_t answers = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    network.syn(static_cast<uint16_t>(i + 1), 40000, Address{Family::ipv4, 0, host.value + 1 + i % 100});
    answers += static_cast<uint32_t>(network.pass(10 * ms).size());
  }
  CHECK(answers >= 15);  // a burst of 6, then one a second for 10 s
  CHECK(answers <= 16);
  CHECK(network.counters().icmp_withheld >= 984);
  network.syn(1, 40000, *parse_address("10.0.1.9"));
  CHECK(network.pass(second).size() == 1);
}

TEST_CASE("late errors are limited when they are sent") {
  Network network(absent("missing host-unreachable after 3s limit 2/s burst 10"));
  for (uint16_t port = 1; port <= 100; ++port) network.syn(port, 40000, *parse_address("10.0.0.3"));
  CHECK(network.pass(2 * second).empty());
  for (uint16_t port = 1; port <= 100; ++port) network.syn(port, 40000, *parse_address("10.0.0.2"));
  CHECK(network.pass(1500 * ms).size() == 10);
  CHECK(network.pass(2 * second).size() == 4);
  CHECK(network.counters().icmp_withheld == 90 + 96);
}

TEST_CASE("a firewall's errors can be limited; what it says of a port comes from each host by itself") {
  Network firewall(plain + "open 22\nclosed admin-prohibited limit 100/s burst 5\n");
  for (uint16_t port = 100; port < 120; ++port) firewall.syn(port, 40000, *parse_address("10.0.0.3"));
  firewall.syn(22);
  firewall.syn(9, 40001, *parse_address("10.0.0.2"));
  CHECK(firewall.pass(second).size() == 6);
  Network hosts(plain + "closed port-unreachable limit 1/s burst 2\n");
  for (uint16_t port = 1; port <= 5; ++port) {
    hosts.syn(port);
    hosts.syn(port, 40000, *parse_address("10.0.0.2"));
  }
  CHECK(hosts.pass(second).size() == 4);
}

TEST_CASE("IPv6 routers answer late as well") {
  Network network("prefix fd00::/16\nexists 0%\nmissing host-unreachable after 3s\n");
  network.syn(1, 40000, *parse_address("fd00::7"));
  CHECK(network.pass(3 * second - ms).empty());
  const auto answers = network.pass(2 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].bytes[40] == 1);
  CHECK(answers[0].bytes[41] == 3);
}
