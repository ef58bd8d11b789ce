// Ethernet frames, ARP and neighbour discovery, and who answers them.
#include "lab/ethernet.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lab/ground_truth.hpp"
#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

using Bytes = std::vector<uint8_t>;

const Bytes arp_request = {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
constexpr MacAddress my_mac = {2, 0, 0, 0, 0, 9};

Bytes arp_request_for(const Address& target) {
  Bytes packet = arp_request;
  for (size_t i = 0; i < 4; ++i) packet[24 + i] = static_cast<uint8_t>(target.value >> (24 - 8 * i));
  return packet;
}

/// A solicitation as the Linux kernel sends it, with the option that has the sender's MAC address.
Bytes neighbour_solicitation(const Address& target, const Address& sender) {
  Bytes packet(72);
  packet[0] = 0x60, packet[5] = 32, packet[6] = 58, packet[7] = 255;
  for (size_t i = 0; i < 16; ++i) {
    packet[8 + i] = static_cast<uint8_t>(sender.value >> (120 - 8 * i));
    packet[48 + i] = static_cast<uint8_t>(target.value >> (120 - 8 * i));
  }
  packet[40] = 135;
  packet[64] = 1, packet[65] = 1;
  return packet;
}

std::string on_link(const std::string& more) {
  return "link ethernet 10.0.0.9/24 fd00::9/64\n" + more + "prefix 10.0.0.0/24 fd00::/64\nrtt 2ms\n";
}

size_t answers(Network& network, const Bytes& packet, bool broadcast = true) {
  network.responder().receive(packet, network.now_ns, broadcast);
  return network.pass(second).size();
}

}  // namespace

TEST_CASE("an ARP request is answered with the MAC address of its target") {
  const auto solicitation = parse_solicitation(arp_request);
  REQUIRE(solicitation);
  CHECK(to_text(solicitation->target) == "10.0.0.1");
  CHECK(to_text(solicitation->sender) == "10.0.0.9");
  CHECK(solicitation->sender_mac == my_mac);
  Packet packet;
  build_advertisement(*solicitation, packet);
  const MacAddress mac = mac_of(*parse_address("10.0.0.1"));
  Bytes expected = {0, 1, 8, 0, 6, 4, 0, 2};
  expected.insert(expected.end(), mac.begin(), mac.end());
  expected.insert(expected.end(), arp_request.begin() + 24, arp_request.end());
  expected.insert(expected.end(), arp_request.begin() + 8, arp_request.begin() + 18);
  CHECK(Bytes(packet.head().begin(), packet.head().end()) == expected);
}

TEST_CASE("a neighbour solicitation is answered with a solicited advertisement, hop limit 255, and a right checksum") {
  const Address target = *parse_address("fd00::7"), sender = *parse_address("fd00::9");
  const auto solicitation = parse_solicitation(neighbour_solicitation(target, sender));
  REQUIRE(solicitation);
  CHECK(solicitation->target == target);
  CHECK(solicitation->sender == sender);
  Packet packet;
  build_advertisement(*solicitation, packet);
  const Bytes bytes(packet.head().begin(), packet.head().end());
  REQUIRE(bytes.size() == 72);
  CHECK(bytes[7] == 255);
  CHECK(bytes[40] == 136);
  CHECK(bytes[44] == 0x60);
  CHECK(bytes[63] == 7);
  CHECK(Bytes(bytes.begin() + 64, bytes.begin() + 66) == Bytes{2, 1});
  const MacAddress mac = mac_of(target);
  CHECK(Bytes(bytes.begin() + 66, bytes.end()) == Bytes(mac.begin(), mac.end()));
  uint32_t sum = 58 + 32;  // the pseudo-header's protocol and length
  for (size_t i = 8; i < bytes.size(); i += 2) sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  CHECK(sum == 0xffff);
}

TEST_CASE("other packets are no solicitations") {
  const auto changed = [](Bytes packet, size_t at, uint8_t value) {
    packet[at] = value;
    return parse_solicitation(packet).has_value();
  };
  CHECK_FALSE(changed(arp_request, 7, 2));  // a reply
  CHECK_FALSE(changed(arp_request, 1, 6));
  CHECK_FALSE(changed(arp_request, 3, 1));
  CHECK_FALSE(changed(arp_request, 5, 16));
  const Bytes solicitation = neighbour_solicitation(*parse_address("fd00::7"), *parse_address("fd00::9"));
  CHECK_FALSE(changed(solicitation, 7, 64));
  CHECK_FALSE(changed(solicitation, 6, 17));
  CHECK_FALSE(changed(solicitation, 40, 133));
  CHECK_FALSE(parse_solicitation(neighbour_solicitation(*parse_address("fd00::7"), *parse_address("::"))));
  for (size_t length = 0; length < arp_request.size(); ++length) {
    CHECK_FALSE(parse_solicitation({arp_request.data(), length}));
  }
  for (size_t length = 0; length < 64; ++length) CHECK_FALSE(parse_solicitation({solicitation.data(), length}));
}

TEST_CASE("a frame is parsed by its type, and knows whether it is for more than one host") {
  Bytes frame(15);
  CHECK_FALSE(parse_frame(frame));
  frame[12] = 8, frame[13] = 6;
  REQUIRE(parse_frame(frame));
  CHECK(parse_frame(frame)->packet.size() == 1);
  CHECK_FALSE(parse_frame(frame)->broadcast);
  frame[0] = 0x33;
  CHECK(parse_frame(frame)->broadcast);
  CHECK_FALSE(parse_frame({frame.data(), 14}));
  CHECK_FALSE(parse_frame({frame.data(), 0}));
}

TEST_CASE("a frame comes from the packet's source, or from the gateway if the source is not on the link") {
  const auto profile = parse_profile("test", on_link("gateway 10.0.0.1\n"));
  REQUIRE(profile);
  const auto sender_of = [&](const char* source, uint16_t type) {
    Packet packet;
    Reply reply;
    reply.source = *parse_address(source);
    reply.destination = *parse_address(reply.source.family == Family::ipv4 ? "10.0.0.9" : "fd00::9");
    build_segment(reply, packet);
    const auto header = frame_header(packet.head(), *profile->link, my_mac);
    CHECK(Bytes(header.begin(), header.begin() + 6) == Bytes(my_mac.begin(), my_mac.end()));
    CHECK(Bytes(header.begin() + 12, header.end()) ==
          Bytes{static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)});
    MacAddress sender{};
    std::copy(header.begin() + 6, header.begin() + 12, sender.begin());
    return sender;
  };
  CHECK(sender_of("10.0.0.7", 0x0800) == mac_of(*parse_address("10.0.0.7")));
  CHECK(sender_of("198.18.0.1", 0x0800) == mac_of(*parse_address("10.0.0.1")));
  CHECK(sender_of("fd00::7", 0x86dd) == mac_of(*parse_address("fd00::7")));
}

TEST_CASE("who exists answers after the round trip, who doesn't is silent") {
  Network network(on_link("") + "exists 10%\nopen 22\n");
  const auto profile = parse_profile("test", on_link("") + "exists 10%\n");
  REQUIRE(profile);
  const GroundTruth truth(*profile);
  uint32_t existing = 0;
  for (uint32_t i = 0; i < 256; ++i) {
    const Address target{Family::ipv4, 0, 0x0a000000 + i};
    CAPTURE(i);
    const bool exists = truth.host(target).exists && i != 9;
    existing += exists ? 1 : 0;
    CHECK(answers(network, arp_request_for(target)) == (exists ? 1 : 0));
    CHECK(answers(network, arp_request_for(target)) == (exists ? 1 : 0));
  }
  CHECK(existing > 10);
  CHECK(answers(network, arp_request_for(*parse_address("10.0.1.1"))) == 0);
  CHECK(network.counters().solicitations == 513);
  const uint64_t asked_ns = network.now_ns;
  Network all(on_link(""));
  all.now_ns = asked_ns;
  const Bytes request = neighbour_solicitation(*parse_address("fd00::7"), *parse_address("fd00::9"));
  all.responder().receive(request, asked_ns, true);
  const auto answered = all.pass(second);
  REQUIRE(answered.size() == 1);
  CHECK(answered[0].at_ns == asked_ns + 2 * ms);
}

TEST_CASE("an absent host on the link is silent even to a packet that reaches it, whatever `missing` says") {
  Network network(on_link("") + "exists 0%\nmissing admin-prohibited\n");
  network.syn(22);
  CHECK(network.pass(10 * second).empty());
}

TEST_CASE("the gateway answers even if it has no prefix") {
  Network network("link ethernet 10.0.0.9/24\ngateway 10.0.0.1\nprefix 198.18.0.0/15\nopen 22\n");
  CHECK(answers(network, arp_request) == 1);
  CHECK(answers(network, arp_request_for(*parse_address("10.0.0.2"))) == 0);
  network.syn(22, 40000, *parse_address("198.18.0.1"));
  CHECK(network.pass(second / 2).size() == 1);
}

TEST_CASE("a share of the broadcasts is lost, of questions to one host none, and each is drawn again") {
  Network network(on_link("broadcast-loss 30%\n"));
  size_t answered = 0;
  for (int i = 0; i < 1000; ++i) answered += answers(network, arp_request);
  CHECK(answered == doctest::Approx(700).epsilon(0.06));
  CHECK(network.counters().dropped == 1000 - answered);
  for (int i = 0; i < 200; ++i) CHECK(answers(network, arp_request, false) == 1);
}

TEST_CASE("a host that is away, and a path that is interrupted, don't answer for a MAC address") {
  Network away(on_link("") + "gone-at 1s\n");
  CHECK(answers(away, arp_request) == 1);
  CHECK(answers(away, arp_request) == 0);
  Network out(on_link("") + "outage from 1s\n");
  CHECK(answers(out, arp_request) == 1);
  CHECK(answers(out, arp_request) == 0);
}

TEST_CASE("frames of random bytes do no harm") {
  Network network(on_link("gateway 10.0.0.1\nrouter holds 50 flows for 1s\nuplink 1000/s queue 1s\n") + "open 22\n");
  uint64_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> packet = i % 2 == 0 ? arp_request : neighbour_solicitation(*parse_address("fd00::7"), me);
    packet.resize(mix64(state += 1) % (packet.size() + 1));
    for (int change = 0; change < 3 && !packet.empty(); ++change) {
      const size_t at = mix64(state += 1) % packet.size();
      packet[at] = static_cast<uint8_t>(mix64(state += 1));
    }
    Bytes frame(14);
    frame[12] = 8;
    frame.insert(frame.end(), packet.begin(), packet.end());
    const auto parsed = parse_frame(frame);
    CHECK(parsed.has_value() == !packet.empty());
    if (parsed) network.responder().receive(parsed->packet, network.now_ns, parsed->broadcast);
    if (i % 100 == 0) network.pass(ms);
  }
  network.pass(60 * second);
  CHECK(network.counters().packets_in > 15000);
}

TEST_CASE("without an Ethernet link nobody answers ARP") {
  Network network(plain);
  CHECK(answers(network, arp_request) == 0);
}

TEST_CASE("the truth of the own link: own addresses are closed, absent ones unreachable, the network's ends empty") {
  const auto profile = parse_profile("test", on_link("") + "open 22\nprefix 198.18.0.0/16\nexists 0%\n");
  REQUIRE(profile);
  const GroundTruth truth(*profile);
  const auto reason = [&](const char* address) {
    const Address one = *parse_address(address);
    return std::string(to_text(reason_of(truth.port(truth.host(one), one, 22))));
  };
  CHECK(reason("10.0.0.1") == "syn-ack");
  CHECK(reason("10.0.0.9") == "conn-refused");
  CHECK(reason("fd00::9") == "conn-refused");
  CHECK(reason("10.0.0.0") == "host-unreach");
  CHECK(reason("10.0.0.255") == "host-unreach");
  CHECK(reason("198.18.0.1") == "no-response");
  CHECK(to_text(profile->link->broadcast()) == "10.0.0.255");
  const auto part = parse_profile("test", "link ethernet 10.0.0.9/20\nprefix 10.0.0.0/24\n");
  REQUIRE(part);
  const Address outside = *parse_address("10.0.1.1");
  const GroundTruth partial(*part);
  CHECK(reason_of(partial.port(partial.host(outside), outside, 22)) == Reason::host_unreach);
}
