// Packets that have reached their hop limit at the first router.
#include <doctest/doctest.h>

#include <string>

#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

const std::string open_host = "prefix 10.0.0.0/8 fd00::/16\nrtt 40ms\nopen 22\n";
const Address host6 = *parse_address("fd00::1");

bool is_time_exceeded(const Seen& seen) {
  const bool v4 = seen.bytes[0] >> 4 == 4;
  const size_t icmp = v4 ? 20 : 40;
  return seen.bytes[v4 ? 9 : 6] == (v4 ? 1 : 58) && seen.bytes[icmp] == (v4 ? 11 : 3) && seen.bytes[icmp + 1] == 0;
}

/// The number of reports for a SYN of each of `count` ports.
size_t reports(Network& network, uint16_t count, const Address& to = host) {
  network.hop_limit = 1;
  for (uint16_t port = 0; port < count; ++port) network.syn(22, static_cast<uint16_t>(40000 + port), to);
  network.hop_limit = 64;
  const auto answers = network.pass(100 * ms);
  for (const Seen& answer : answers) CHECK(is_time_exceeded(answer));
  return answers.size();
}

}  // namespace

TEST_CASE("the first router reports a packet that has reached its hop limit, in both families") {
  for (const Address& to : {host, host6}) {
    Network network(open_host);
    CHECK(reports(network, 1, to) == 1);
    CHECK(network.counters().hop_limit_reached == 1);
    CHECK(network.counters().syns == 0);
    CHECK(network.responder().connections() == 0);
    network.hop_limit = 2;
    network.syn(22, 40000, to);
    const auto answers = network.pass(100 * ms);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].has(syn_ack));
  }
}

TEST_CASE("a router reports six at once, and then one a second") {
  Network network(open_host);
  CHECK(reports(network, 20) == 6);
  CHECK(network.counters().icmp_withheld == 14);
  network.pass(2 * second);
  CHECK(reports(network, 20) == 2);
}

TEST_CASE("a router whose table is full reports nothing, and has no flow for what it reports") {
  Network network("router holds 2 flows for 30s\n" + open_host + "closed silent\n");
  CHECK(reports(network, 3) == 3);
  CHECK(network.counters().peak_flows == 0);
  for (const uint16_t port : {uint16_t{80}, uint16_t{81}}) network.syn(port);
  CHECK(network.pass(second).empty());
  CHECK(reports(network, 1) == 0);
  CHECK(network.counters().router_dropped == 1);
  network.pass(30 * second);
  CHECK(reports(network, 1) == 1);
}

TEST_CASE("on an Ethernet link the gateway reports, and for hosts of the link nobody does") {
  Network network("link ethernet 10.0.0.9/24\ngateway 10.0.0.254\nprefix 10.0.0.0/8\nopen 22\n");
  network.hop_limit = 1;
  network.syn(22, 40000, *parse_address("10.0.1.1"));
  auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(is_time_exceeded(answers[0]));
  CHECK(answers[0].bytes[15] == 254);
  network.syn(22, 40000, *parse_address("10.0.0.1"));
  answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].has(syn_ack));
}
