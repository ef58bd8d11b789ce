#include "lab/packet.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace portloop;
using namespace portloop::lab;

namespace {

const Address ipv4_host = *parse_address("10.0.0.1");
const Address ipv4_peer = *parse_address("100.64.0.1");
const Address ipv6_host = *parse_address("fd00::1:2:3");
const Address ipv6_peer = *parse_address("fdff::1");

std::vector<uint8_t> whole(const Packet& packet) {
  std::vector<uint8_t> bytes(packet.head().begin(), packet.head().end());
  bytes.insert(bytes.end(), packet.payload.begin(), packet.payload.end());
  return bytes;
}

/// RFC 1071, implemented independently of the code under test: 0xffff means that the checksum is right.
uint32_t ones_sum(const std::vector<uint8_t>& bytes, uint32_t sum = 0) {
  for (size_t i = 0; i < bytes.size(); ++i) sum += static_cast<uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

bool ipv4_header_right(const std::vector<uint8_t>& packet) {
  return ones_sum({packet.begin(), packet.begin() + 20}) == 0xffff;
}

/// Over the pseudo-header and what follows the IP header.
bool transport_right(const std::vector<uint8_t>& packet, bool ipv6, uint8_t protocol) {
  const long header = ipv6 ? 40 : 20;
  std::vector<uint8_t> summed(packet.begin() + (ipv6 ? 8 : 12), packet.begin() + header);
  const auto length = static_cast<uint32_t>(packet.size()) - static_cast<uint32_t>(header);
  summed.insert(summed.end(), packet.begin() + header, packet.end());
  return ones_sum(summed, length + protocol) == 0xffff;
}

Reply reply_between(const Address& host, const Address& peer, uint8_t flags, std::string_view payload = {}) {
  Reply reply;
  reply.source = host;
  reply.destination = peer;
  reply.source_port = 22;
  reply.destination_port = 40000;
  reply.sequence = 0xfffffff0;
  reply.acknowledgement = 77;
  reply.flags = flags;
  reply.announce_max_segment = (flags & tcp_flag::syn) != 0;
  reply.payload = payload;
  return reply;
}

}  // namespace

TEST_CASE("a built segment is parsed back unchanged, and its checksums are right") {
  for (const bool ipv6 : {false, true}) {
    for (const std::string_view payload : {"", "a", "SSH-2.0", "\xff\xff\xff"}) {
      CAPTURE(ipv6);
      CAPTURE(payload.size());
      const uint8_t flags = payload.empty() ? tcp_flag::syn | tcp_flag::ack : tcp_flag::psh | tcp_flag::ack;
      Packet packet;
      build_segment(reply_between(ipv6 ? ipv6_host : ipv4_host, ipv6 ? ipv6_peer : ipv4_peer, flags, payload), packet);
      const std::vector<uint8_t> bytes = whole(packet);
      if (!ipv6) CHECK(ipv4_header_right(bytes));
      CHECK(transport_right(bytes, ipv6, 6));
      const auto segment = parse_segment(bytes);
      REQUIRE(segment);
      CHECK(segment->source == (ipv6 ? ipv6_host : ipv4_host));
      CHECK(segment->destination == (ipv6 ? ipv6_peer : ipv4_peer));
      CHECK(segment->source_port == 22);
      CHECK(segment->destination_port == 40000);
      CHECK(segment->sequence == 0xfffffff0);
      CHECK(segment->acknowledgement == 77);
      CHECK(segment->flags == flags);
      CHECK(std::string(segment->payload.begin(), segment->payload.end()) == payload);
      const uint16_t without_option = ipv6 ? 1220 : 536;
      const uint16_t with_option = ipv6 ? 1440 : 1460;
      CHECK(segment->max_segment_bytes == (payload.empty() ? with_option : without_option));
    }
  }
}

TEST_CASE("an ICMP error quotes the packet it is about, goes to its sender, and has a right checksum") {
  struct Code {
    Unreachable what;
    int ipv4_code;
    int ipv6_code;
  };
  for (const Code& code : {Code{Unreachable::net, 0, 0}, Code{Unreachable::host, 1, 3}, Code{Unreachable::port, 3, 4},
                           Code{Unreachable::admin_prohibited, 13, 1}}) {
    for (const bool ipv6 : {false, true}) {
      CAPTURE(ipv6);
      CAPTURE(code.ipv4_code);
      const Address& peer = ipv6 ? ipv6_peer : ipv4_peer;
      const Address& host = ipv6 ? ipv6_host : ipv4_host;
      Packet syn;
      build_segment(reply_between(peer, host, tcp_flag::syn), syn);
      const std::vector<uint8_t> original = whole(syn);
      Packet error;
      build_unreachable(code.what, host, original, error);
      const std::vector<uint8_t> bytes = whole(error);
      const size_t header = ipv6 ? 40 : 20;
      if (ipv6) {
        CHECK(transport_right(bytes, true, 58));
      } else {
        CHECK(ipv4_header_right(bytes));
        CHECK(ones_sum({bytes.begin() + 20, bytes.end()}) == 0xffff);
      }
      CHECK(bytes[header] == (ipv6 ? 1 : 3));
      CHECK(bytes[header + 1] == (ipv6 ? code.ipv6_code : code.ipv4_code));
      CHECK(std::vector<uint8_t>(bytes.begin() + static_cast<long>(header) + 8, bytes.end()) == original);
      const size_t receiver_at = ipv6 ? 24 : 16;
      const size_t sender_at = ipv6 ? 8 : 12;
      CHECK(std::equal(bytes.begin() + static_cast<long>(receiver_at), bytes.begin() + static_cast<long>(header),
                       original.begin() + static_cast<long>(sender_at)));
    }
  }
}

TEST_CASE("an ICMP error about a long packet quotes only its beginning") {
  const std::string payload(1400, 'x');
  Packet data;
  build_segment(reply_between(ipv6_peer, ipv6_host, tcp_flag::ack, payload), data);
  Packet error;
  build_unreachable(Unreachable::port, ipv6_host, whole(data), error);
  CHECK(error.length == Packet::capacity_bytes);
  CHECK(transport_right(whole(error), true, 58));
}

TEST_CASE("truncated and malformed packets are refused") {
  for (const bool ipv6 : {false, true}) {
    Packet packet;
    build_segment(
        reply_between(ipv6 ? ipv6_host : ipv4_host, ipv6 ? ipv6_peer : ipv4_peer, tcp_flag::syn | tcp_flag::ack),
        packet);
    const std::vector<uint8_t> right = whole(packet);
    for (size_t length = 0; length < right.size(); ++length) {
      CAPTURE(length);
      CHECK_FALSE(parse_segment({right.data(), length}));
    }
    const auto bent = [&right](size_t at, uint8_t value) {
      std::vector<uint8_t> bytes = right;
      bytes[at] = value;
      return parse_segment(bytes).has_value();
    };
    CHECK_FALSE(bent(0, 0x55));                      // neither IPv4 nor IPv6
    CHECK_FALSE(bent(ipv6 ? 6 : 9, 17));             // UDP
    CHECK_FALSE(bent((ipv6 ? 40 : 20) + 12, 0x40));  // a TCP header of 16 bytes
    CHECK_FALSE(bent((ipv6 ? 40 : 20) + 12, 0xf0));  // a TCP header longer than the packet
    if (!ipv6) CHECK_FALSE(bent(6, 0x20));           // the first of several fragments
    if (!ipv6) CHECK_FALSE(bent(0, 0x44));           // an IPv4 header of 16 bytes
  }
}

TEST_CASE("contradictory TCP options are not read out of bounds") {
  Packet packet;
  build_segment(reply_between(ipv4_host, ipv4_peer, tcp_flag::syn | tcp_flag::ack), packet);
  for (const uint8_t length : {uint8_t{0}, uint8_t{1}, uint8_t{3}, uint8_t{5}, uint8_t{255}}) {
    std::vector<uint8_t> bytes = whole(packet);
    bytes[41] = length;
    const auto segment = parse_segment(bytes);
    REQUIRE(segment);
    CHECK(segment->max_segment_bytes == 536);
  }
}
