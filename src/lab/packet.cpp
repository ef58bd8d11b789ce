#include "lab/packet.hpp"

#include <algorithm>
#include <cstring>

#include "lab/ip_header.hpp"

namespace portloop::lab {

namespace {

constexpr size_t tcp_header_bytes = 20;
constexpr size_t icmp_header_bytes = 8;
constexpr uint16_t window_bytes = 65535;

/// Returns the MSS option, or 0 if there is none.
uint16_t find_max_segment(std::span<const uint8_t> options) {
  constexpr uint8_t end_of_options = 0, no_operation = 1, max_segment = 2;
  for (size_t i = 0; i < options.size();) {
    if (options[i] == end_of_options) break;
    if (options[i] == no_operation) {
      ++i;
      continue;
    }
    if (i + 1 >= options.size() || options[i + 1] < 2 || i + options[i + 1] > options.size()) break;
    if (options[i] == max_segment && options[i + 1] == 4) return read16(&options[i + 2]);
    i += options[i + 1];
  }
  return 0;
}

bool parse_tcp(std::span<const uint8_t> tcp, Segment& segment) {
  if (tcp.size() < tcp_header_bytes) return false;
  const size_t header_bytes = size_t{4} * (tcp[12] >> 4);
  if (header_bytes < tcp_header_bytes || header_bytes > tcp.size()) return false;
  segment.source_port = read16(&tcp[0]);
  segment.destination_port = read16(&tcp[2]);
  segment.sequence = read32(&tcp[4]);
  segment.acknowledgement = read32(&tcp[8]);
  segment.flags = tcp[13];
  segment.window_bytes = read16(&tcp[14]);
  segment.max_segment_bytes = find_max_segment(tcp.subspan(tcp_header_bytes, header_bytes - tcp_header_bytes));
  if (segment.max_segment_bytes == 0) {
    segment.max_segment_bytes = segment.source.family == Family::ipv4 ? uint16_t{536} : uint16_t{1220};
  }
  segment.payload = tcp.subspan(header_bytes);
  return true;
}

struct IcmpCode {
  uint8_t type;
  uint8_t code;
};

IcmpCode icmp_code(Unreachable what, Family family) {
  if (family == Family::ipv4) {
    switch (what) {
      case Unreachable::net: return {3, 0};
      case Unreachable::host: return {3, 1};
      case Unreachable::port: return {3, 3};
      case Unreachable::admin_prohibited: return {3, 13};
      case Unreachable::hop_limit_reached: return {11, 0};
    }
  }
  switch (what) {
    case Unreachable::net: return {1, 0};
    case Unreachable::host: return {1, 3};
    case Unreachable::port: return {1, 4};
    case Unreachable::admin_prohibited: return {1, 1};
    case Unreachable::hop_limit_reached: return {3, 0};
  }
  return {3, 1};
}

}  // namespace

std::optional<Segment> parse_segment(std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  Segment segment;
  if (packet[0] >> 4 == 4) {
    if (packet.size() < ipv4_header_bytes) return std::nullopt;
    const size_t header_bytes = size_t{4} * (packet[0] & 15);
    const size_t total_bytes = read16(&packet[2]);
    const bool fragment = (read16(&packet[6]) & 0x3fff) != 0;
    if (header_bytes < ipv4_header_bytes || total_bytes < header_bytes || total_bytes > packet.size() || fragment ||
        packet[9] != protocol::tcp) {
      return std::nullopt;
    }
    segment.source = read_address(&packet[12], Family::ipv4);
    segment.destination = read_address(&packet[16], Family::ipv4);
    segment.hop_limit = packet[8];
    if (!parse_tcp(packet.subspan(header_bytes, total_bytes - header_bytes), segment)) return std::nullopt;
    return segment;
  }
  if (packet[0] >> 4 != 6 || packet.size() < ipv6_header_bytes) return std::nullopt;
  const size_t payload_bytes = read16(&packet[4]);
  if (ipv6_header_bytes + payload_bytes > packet.size() || packet[6] != protocol::tcp) return std::nullopt;
  segment.source = read_address(&packet[8], Family::ipv6);
  segment.destination = read_address(&packet[24], Family::ipv6);
  segment.hop_limit = packet[7];
  if (!parse_tcp(packet.subspan(ipv6_header_bytes, payload_bytes), segment)) return std::nullopt;
  return segment;
}

void build_segment(const Reply& reply, Packet& packet) {
  const Family family = reply.source.family;
  const size_t option_bytes = reply.announce_max_segment ? 4 : 0;
  const size_t tcp_bytes = tcp_header_bytes + option_bytes;
  const size_t total_bytes = tcp_bytes + reply.payload.size();
  uint8_t* ip = packet.bytes.data();
  const size_t ip_bytes = write_ip_header(ip, reply.source, reply.destination, protocol::tcp, total_bytes);
  uint8_t* tcp = ip + ip_bytes;
  write16(tcp, reply.source_port);
  write16(tcp + 2, reply.destination_port);
  write32(tcp + 4, reply.sequence);
  write32(tcp + 8, reply.acknowledgement);
  tcp[12] = static_cast<uint8_t>(tcp_bytes / 4 << 4);
  tcp[13] = reply.flags;
  write16(tcp + 14, (reply.flags & tcp_flag::rst) != 0 ? 0 : window_bytes);
  write32(tcp + 16, 0);
  if (reply.announce_max_segment) write32(tcp + 20, family == Family::ipv4 ? 0x020405b4 : 0x020405a0);
  uint32_t sum = pseudo_header_sum(ip, family, protocol::tcp, total_bytes);
  sum = add_to_checksum(sum, {tcp, tcp_bytes});
  sum = add_to_checksum(sum, {reinterpret_cast<const uint8_t*>(reply.payload.data()), reply.payload.size()});
  write16(tcp + 16, finish_checksum(sum));
  packet.length = static_cast<uint16_t>(ip_bytes + tcp_bytes);
  packet.payload = reply.payload;
}

void build_unreachable(Unreachable what, const Address& router, std::span<const uint8_t> original, Packet& packet) {
  const bool ipv4 = router.family == Family::ipv4;
  const Address receiver = read_address(&original[ipv4 ? 12 : 8], router.family);
  const size_t ip_bytes = ipv4 ? ipv4_header_bytes : ipv6_header_bytes;
  const size_t quoted_bytes = std::min(original.size(), packet.bytes.size() - ip_bytes - icmp_header_bytes);
  const size_t icmp_bytes = icmp_header_bytes + quoted_bytes;
  uint8_t* ip = packet.bytes.data();
  const uint8_t number = ipv4 ? protocol::icmp : protocol::icmpv6;
  write_ip_header(ip, router, receiver, number, icmp_bytes);
  uint8_t* icmp = ip + ip_bytes;
  const IcmpCode code = icmp_code(what, router.family);
  icmp[0] = code.type;
  icmp[1] = code.code;
  write16(icmp + 2, 0);
  write32(icmp + 4, 0);
  std::memcpy(icmp + icmp_header_bytes, original.data(), quoted_bytes);
  const uint32_t pseudo = ipv4 ? 0 : pseudo_header_sum(ip, Family::ipv6, number, icmp_bytes);
  write16(icmp + 2, finish_checksum(add_to_checksum(pseudo, {icmp, icmp_bytes})));
  packet.length = static_cast<uint16_t>(ip_bytes + icmp_bytes);
  packet.payload = {};
}

}  // namespace portloop::lab
