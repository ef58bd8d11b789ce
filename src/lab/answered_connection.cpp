#include "lab/answered_connection.hpp"

#include "lab/ip_header.hpp"

namespace portloop::lab {

namespace {

constexpr size_t icmp_header_bytes = 8;
constexpr size_t tcp_flags_offset = 13;

struct IpPacket {
  Address source;
  Address destination;
  uint8_t protocol = 0;
  std::span<const uint8_t> payload;
};

IpPacket parse_ip(std::span<const uint8_t> packet) {
  if (packet[0] >> 4 == 4) {
    return {read_address(&packet[12], Family::ipv4), read_address(&packet[16], Family::ipv4), packet[9],
            packet.subspan(size_t{4} * (packet[0] & 15))};
  }
  return {read_address(&packet[8], Family::ipv6), read_address(&packet[24], Family::ipv6), packet[6],
          packet.subspan(ipv6_header_bytes)};
}

}  // namespace

AnsweredConnection answered_connection(std::span<const uint8_t> head) {
  const IpPacket answer = parse_ip(head);
  if (answer.protocol == protocol::tcp) {
    return {{answer.source, answer.destination, read16(&answer.payload[0]), read16(&answer.payload[2])},
            answer.payload[tcp_flags_offset]};
  }
  const IpPacket quoted = parse_ip(answer.payload.subspan(icmp_header_bytes));
  return {{quoted.destination, quoted.source, read16(&quoted.payload[2]), read16(&quoted.payload[0])}, std::nullopt};
}

Address source_of(std::span<const uint8_t> head) { return parse_ip(head).source; }

}  // namespace portloop::lab
