// The connection table of a router.
#include "lab/flow_table.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

ConnectionKey flow(uint16_t number) { return {host, me, 80, number}; }

/// A table of the given size whose flows are held for 30 s.
FlowTable table(uint32_t flows, bool evicts = false) { return FlowTable({flows, 30'000'000, evicts}); }

/// Opens a flow and completes its handshake.
void establish(FlowTable& flows, uint16_t number, uint64_t now_ns) {
  CHECK(flows.pass_out(flow(number), tcp_flag::syn, now_ns));
  CHECK(flows.pass_back(flow(number), syn_ack, now_ns));
  CHECK(flows.pass_out(flow(number), tcp_flag::ack, now_ns));
}

const std::string silent = "prefix 10.0.0.0/8\nrtt 40ms\nopen 22\nclosed silent\n";

}  // namespace

TEST_CASE("a full table drops further flows until one expires, a time after its last packet") {
  FlowTable flows = table(2);
  CHECK(flows.pass_out(flow(1), tcp_flag::syn, 0));
  CHECK(flows.pass_out(flow(2), tcp_flag::syn, 0));
  CHECK_FALSE(flows.pass_out(flow(3), tcp_flag::syn, 0));
  CHECK(flows.pass_out(flow(1), tcp_flag::syn, 10 * second));  // a retransmission, which extends its time
  CHECK_FALSE(flows.pass_out(flow(3), tcp_flag::syn, 30 * second - 1));
  CHECK(flows.pass_out(flow(3), tcp_flag::syn, 30 * second));
  CHECK_FALSE(flows.pass_out(flow(4), tcp_flag::syn, 40 * second - 1));
  CHECK(flows.pass_out(flow(4), tcp_flag::syn, 40 * second));
  CHECK(flows.size() == 2);
}

TEST_CASE("a RST as the only reply frees its flow at once") {
  FlowTable flows = table(1);
  CHECK(flows.pass_out(flow(1), tcp_flag::syn, 0));
  CHECK(flows.pass_back(flow(1), rst_ack, 1));
  CHECK(flows.size() == 0);
  CHECK(flows.pass_out(flow(2), tcp_flag::syn, 2));
}

TEST_CASE("an established flow is held until it is closed: for 10 s after a RST, for the table's time after a FIN") {
  FlowTable flows = table(2);
  establish(flows, 1, 0);
  establish(flows, 2, 0);
  CHECK_FALSE(flows.pass_out(flow(3), tcp_flag::syn, 3600 * second));
  CHECK(flows.pass_out(flow(1), tcp_flag::rst, 3600 * second));
  CHECK(flows.pass_back(flow(2), fin_ack, 3600 * second));
  CHECK(flows.pass_out(flow(2), fin_ack, 3601 * second));
  CHECK_FALSE(flows.pass_out(flow(3), tcp_flag::syn, 3610 * second - 1));
  CHECK(flows.pass_out(flow(3), tcp_flag::syn, 3610 * second));
  CHECK_FALSE(flows.pass_out(flow(4), tcp_flag::syn, 3631 * second - 1));
  CHECK(flows.pass_out(flow(4), tcp_flag::syn, 3631 * second));
}

TEST_CASE("a table with a shorter time than 10 s holds nothing longer after a RST") {
  FlowTable flows({1, 2'000'000, false});
  establish(flows, 1, 0);
  CHECK(flows.pass_back(flow(1), tcp_flag::rst, second));
  CHECK(flows.pass_out(flow(2), tcp_flag::syn, 3 * second));
}

TEST_CASE("a packet without a flow is dropped, in both directions") {
  FlowTable flows = table(10);
  CHECK_FALSE(flows.pass_out(flow(1), tcp_flag::ack, 0));
  CHECK_FALSE(flows.pass_out(flow(1), tcp_flag::rst, 0));
  CHECK_FALSE(flows.pass_back(flow(1), syn_ack, 0));
  CHECK_FALSE(flows.knows(flow(1), 0));
  CHECK(flows.size() == 0);
  CHECK(flows.pass_out(flow(1), tcp_flag::syn, 0));
  CHECK(flows.knows(flow(1), 0));
  CHECK_FALSE(flows.pass_back(flow(1), syn_ack, 30 * second));
}

TEST_CASE("a port that is used again begins a new flow") {
  FlowTable flows = table(1);
  establish(flows, 1, 0);
  CHECK(flows.pass_out(flow(1), fin_ack, second));
  CHECK(flows.pass_out(flow(1), tcp_flag::syn, 2 * second));
  CHECK(flows.pass_back(flow(1), rst_ack, 3 * second));
  CHECK(flows.size() == 0);
}

TEST_CASE("a table that evicts replaces the oldest unreplied flow, and none that has been answered") {
  FlowTable flows = table(3, true);
  establish(flows, 1, 0);
  CHECK(flows.pass_out(flow(2), tcp_flag::syn, 1));
  CHECK(flows.pass_out(flow(3), tcp_flag::syn, 2));
  CHECK(flows.pass_out(flow(4), tcp_flag::syn, 3));
  CHECK(flows.evicted() == 1);
  CHECK_FALSE(flows.knows(flow(2), 3));
  CHECK(flows.knows(flow(3), 3));
  CHECK(flows.pass_back(flow(3), syn_ack, 4));
  CHECK(flows.pass_back(flow(4), syn_ack, 4));
  CHECK_FALSE(flows.pass_out(flow(5), tcp_flag::syn, 5));
  CHECK(flows.evicted() == 1);
  CHECK(flows.pass_out(flow(1), tcp_flag::ack, 6));
}

TEST_CASE("a hundred thousand flows keep the table at its size") {
  for (const bool evicts : {false, true}) {
    FlowTable flows = table(500, evicts);
    uint32_t passed = 0;
    for (uint32_t i = 0; i < 100000; ++i) {
      ConnectionKey key{host, me, static_cast<uint16_t>(i >> 16), static_cast<uint16_t>(i)};
      const uint64_t now_ns = i * ms;
      passed += flows.pass_out(key, tcp_flag::syn, now_ns) ? 1 : 0;
      if (i % 3 == 0) flows.pass_back(key, rst_ack, now_ns);
      CHECK(flows.size() <= 500);
    }
    // Without eviction 500 new ones find room in every 30 s, and those that are answered at once in between.
    if (evicts) CHECK(passed == 100000);
    if (!evicts) CHECK(passed < 5000);
  }
}

TEST_CASE("a router in the network drops what its table has no room for, and its answers come back") {
  Network network("router holds 100 flows for 30s\n" + silent);
  for (uint16_t port = 1000; port < 1200; ++port) network.syn(port);
  network.syn(22);
  CHECK(network.pass(20 * second).empty());
  CHECK(network.counters().router_dropped == 101);
  CHECK(network.counters().peak_flows == 100);
  CHECK(network.counters().syns == 201);
  network.pass(10 * second);
  network.syn(22);
  const auto answers = network.pass(500 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].has(syn_ack));
}

TEST_CASE("a router that has forgotten a flow drops the answers to it, ICMP errors too") {
  Network network("router holds 100 flows for 20ms\n" + silent +
                  "prefix 11.0.0.0/8 fd00::/16\nrtt 40ms\nclosed admin-prohibited\n");
  network.syn(22);
  network.syn(22, 40000, *parse_address("11.0.0.9"));
  network.syn(22, 40000, *parse_address("fd00::9"));
  CHECK(network.pass(500 * ms).empty());
  CHECK(network.counters().router_dropped == 3);
}

TEST_CASE("IPv6 flows and ICMP errors pass the router") {
  Network network(
      "router holds 100 flows for 30s\nprefix fd00::/16 11.0.0.0/8\nopen 22 says ssh\nclosed admin-prohibited\n");
  network.syn(9, 40000, *parse_address("fd00::9"));
  network.syn(9, 40000, *parse_address("11.0.0.9"));
  network.syn(22, 40000, *parse_address("fd00::9"));
  CHECK(network.pass(500 * ms).size() == 3);
  CHECK(network.counters().router_dropped == 0);
}

TEST_CASE("what stays on an Ethernet link takes no room in the router's table") {
  Network network("link ethernet 10.0.0.9/24\ngateway 10.0.0.2\nrouter holds 1 flows for 30s\n" + plain);
  for (uint16_t port = 1; port <= 10; ++port) network.syn(port);
  network.syn(1, 40000, *parse_address("10.1.0.1"));
  CHECK(network.pass(500 * ms).size() == 11);
  CHECK(network.counters().peak_flows == 1);
}

TEST_CASE("a packet that goes no further than the router needs room, and takes none") {
  FlowTable flows = table(1);
  CHECK(flows.has_room_for(flow(1), 0));
  CHECK(flows.size() == 0);
  CHECK(flows.pass_out(flow(1), tcp_flag::syn, 0));
  CHECK(flows.has_room_for(flow(1), 0));
  CHECK_FALSE(flows.has_room_for(flow(2), 30 * second - 1));
  CHECK(flows.has_room_for(flow(2), 30 * second));
  FlowTable evicting = table(1, true);
  CHECK(evicting.pass_out(flow(1), tcp_flag::syn, 0));
  CHECK(evicting.has_room_for(flow(2), 0));
}
