#include "lab/ip_header.hpp"

namespace portloop::lab {

namespace {

constexpr uint8_t hop_limit = 64;

}  // namespace

size_t write_ip_header(uint8_t* at, const Address& source, const Address& destination, uint8_t protocol,
                       size_t payload_bytes) {
  if (source.family == Family::ipv6) {
    write32(at, 0x60000000);
    write16(at + 4, payload_bytes);
    at[6] = protocol;
    at[7] = hop_limit;
    write_address(at + 8, source);
    write_address(at + 24, destination);
    return ipv6_header_bytes;
  }
  constexpr uint16_t dont_fragment = 0x4000;
  write16(at, 0x4500);
  write16(at + 2, ipv4_header_bytes + payload_bytes);
  write16(at + 4, 0);
  write16(at + 6, dont_fragment);
  at[8] = hop_limit;
  at[9] = protocol;
  write16(at + 10, 0);
  write_address(at + 12, source);
  write_address(at + 16, destination);
  write16(at + 10, finish_checksum(add_to_checksum(0, {at, ipv4_header_bytes})));
  return ipv4_header_bytes;
}

uint32_t pseudo_header_sum(const uint8_t* ip, Family family, uint8_t protocol, size_t payload_bytes) {
  const auto sum = static_cast<uint32_t>(protocol + payload_bytes);
  return family == Family::ipv4 ? add_to_checksum(sum, {ip + 12, 8}) : add_to_checksum(sum, {ip + 8, 32});
}

uint32_t add_to_checksum(uint32_t sum, std::span<const uint8_t> bytes) {
  uint64_t wide = sum;
  size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) wide += read16(&bytes[i]);
  if (i < bytes.size()) wide += uint32_t{bytes[i]} << 8;
  while (wide >> 16 != 0) wide = (wide & 0xffff) + (wide >> 16);
  return static_cast<uint32_t>(wide);
}

uint16_t finish_checksum(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace portloop::lab
