#include "lab/ethernet.hpp"

#include <algorithm>

#include "lab/chance.hpp"
#include "lab/ip_header.hpp"

namespace portloop::lab {

namespace {

constexpr uint16_t type_ipv4 = 0x0800, type_arp = 0x0806, type_ipv6 = 0x86dd;

// ARP for IPv4 over Ethernet.
constexpr size_t arp_bytes = 28;
constexpr uint32_t arp_ethernet_ipv4[] = {0x00010800, 0x0604};
constexpr uint16_t arp_request = 1, arp_reply = 2;
constexpr size_t arp_sender_mac = 8, arp_sender = 14, arp_target_mac = 18, arp_target = 24;

// Neighbour discovery, offsets from the ICMPv6 header.
constexpr uint8_t neighbour_solicitation = 135, neighbour_advertisement = 136;
constexpr uint8_t discovery_hop_limit = 255;
constexpr uint32_t solicited_and_override = 0x60000000;
constexpr uint8_t option_target_mac = 2;
constexpr size_t discovery_target = 8, discovery_option = 24, advertisement_bytes = 32;

bool is_arp(std::span<const uint8_t> packet) { return packet[0] == 0; }

std::optional<Solicitation> parse_arp(std::span<const uint8_t> packet) {
  if (packet.size() < arp_bytes || read32(&packet[0]) != arp_ethernet_ipv4[0] ||
      read16(&packet[4]) != arp_ethernet_ipv4[1] || read16(&packet[6]) != arp_request) {
    return std::nullopt;
  }
  Solicitation solicitation;
  solicitation.target = read_address(&packet[arp_target], Family::ipv4);
  solicitation.sender = read_address(&packet[arp_sender], Family::ipv4);
  std::copy_n(&packet[arp_sender_mac], solicitation.sender_mac.size(), solicitation.sender_mac.begin());
  return solicitation;
}

std::optional<Solicitation> parse_neighbour_solicitation(std::span<const uint8_t> packet) {
  if (packet.size() < ipv6_header_bytes + discovery_option || packet[0] >> 4 != 6 || packet[6] != protocol::icmpv6 ||
      packet[7] != discovery_hop_limit || packet[ipv6_header_bytes] != neighbour_solicitation) {
    return std::nullopt;
  }
  Solicitation solicitation;
  solicitation.sender = read_address(&packet[8], Family::ipv6);
  solicitation.target = read_address(&packet[ipv6_header_bytes + discovery_target], Family::ipv6);
  return solicitation;
}

void build_arp_reply(const Solicitation& solicitation, const MacAddress& mac, Packet& packet) {
  uint8_t* arp = packet.bytes.data();
  write32(arp, arp_ethernet_ipv4[0]);
  write16(arp + 4, arp_ethernet_ipv4[1]);
  write16(arp + 6, arp_reply);
  std::copy(mac.begin(), mac.end(), arp + arp_sender_mac);
  write_address(arp + arp_sender, solicitation.target);
  std::copy(solicitation.sender_mac.begin(), solicitation.sender_mac.end(), arp + arp_target_mac);
  write_address(arp + arp_target, solicitation.sender);
  packet.length = arp_bytes;
}

void build_neighbour_advertisement(const Solicitation& solicitation, const MacAddress& mac, Packet& packet) {
  uint8_t* ip = packet.bytes.data();
  write_ip_header(ip, solicitation.target, solicitation.sender, protocol::icmpv6, advertisement_bytes);
  ip[7] = discovery_hop_limit;
  uint8_t* icmp = ip + ipv6_header_bytes;
  write32(icmp, uint32_t{neighbour_advertisement} << 24);
  write32(icmp + 4, solicited_and_override);
  write_address(icmp + discovery_target, solicitation.target);
  icmp[discovery_option] = option_target_mac;
  icmp[discovery_option + 1] = 1;  // in units of eight bytes
  std::copy(mac.begin(), mac.end(), icmp + discovery_option + 2);
  const uint32_t pseudo = pseudo_header_sum(ip, Family::ipv6, protocol::icmpv6, advertisement_bytes);
  write16(icmp + 2, finish_checksum(add_to_checksum(pseudo, {icmp, advertisement_bytes})));
  packet.length = ipv6_header_bytes + advertisement_bytes;
}

}  // namespace

MacAddress mac_of(const Address& address) {
  constexpr uint8_t locally_administered = 2;
  const uint64_t hash = mix(0, address);
  MacAddress mac{locally_administered};
  for (size_t i = 1; i < mac.size(); ++i) mac[i] = static_cast<uint8_t>(hash >> 8 * i);
  return mac;
}

std::optional<Frame> parse_frame(std::span<const uint8_t> frame) {
  if (frame.size() <= ethernet_header_bytes) return std::nullopt;
  const uint16_t type = read16(&frame[12]);
  if (type != type_ipv4 && type != type_ipv6 && type != type_arp) return std::nullopt;
  return Frame{frame.subspan(ethernet_header_bytes), (frame[0] & 1) != 0};
}

std::array<uint8_t, ethernet_header_bytes> frame_header(std::span<const uint8_t> packet, const EthernetLink& link,
                                                        const MacAddress& receiver) {
  std::array<uint8_t, ethernet_header_bytes> header{};
  std::copy(receiver.begin(), receiver.end(), header.begin());
  if (is_arp(packet)) {
    std::copy_n(&packet[arp_sender_mac], receiver.size(), &header[6]);
    write16(&header[12], type_arp);
    return header;
  }
  const Family family = packet[0] >> 4 == 4 ? Family::ipv4 : Family::ipv6;
  const Address source = read_address(&packet[family == Family::ipv4 ? 12 : 8], family);
  const Address* gateway = link.gateway_of(family);
  const MacAddress sender = mac_of(gateway == nullptr || link.contains(source) ? source : *gateway);
  std::copy(sender.begin(), sender.end(), &header[6]);
  write16(&header[12], family == Family::ipv4 ? type_ipv4 : type_ipv6);
  return header;
}

std::optional<Solicitation> parse_solicitation(std::span<const uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  const auto solicitation = is_arp(packet) ? parse_arp(packet) : parse_neighbour_solicitation(packet);
  if (!solicitation || is_unspecified(solicitation->sender)) return std::nullopt;
  return solicitation;
}

void build_advertisement(const Solicitation& solicitation, Packet& packet) {
  const MacAddress mac = mac_of(solicitation.target);
  packet.payload = {};
  if (solicitation.target.family == Family::ipv4) {
    build_arp_reply(solicitation, mac, packet);
  } else {
    build_neighbour_advertisement(solicitation, mac, packet);
  }
}

}  // namespace portloop::lab
