// The fields of packets in network byte order, IP headers, and the checksums over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/address.hpp"

namespace portloop::lab {

inline constexpr size_t ipv4_header_bytes = 20;
inline constexpr size_t ipv6_header_bytes = 40;

namespace protocol {
inline constexpr uint8_t icmp = 1, tcp = 6, icmpv6 = 58;
}

inline uint16_t read16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }
inline uint32_t read32(const uint8_t* at) { return uint32_t{read16(at)} << 16 | read16(at + 2); }

inline void write16(uint8_t* at, size_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

inline void write32(uint8_t* at, uint32_t value) {
  write16(at, value >> 16);
  write16(at + 2, value & 0xffff);
}

/// Reads or writes an address of the family, 4 or 16 bytes.
inline Address read_address(const uint8_t* at, Family family) {
  if (family == Family::ipv4) return {family, 0, read32(at)};
  uint128 value = 0;
  for (size_t i = 0; i < 16; i += 4) value = value << 32 | read32(at + i);
  return {family, 0, value};
}

inline void write_address(uint8_t* at, const Address& address) {
  if (address.family == Family::ipv4) {
    write32(at, static_cast<uint32_t>(address.value));
    return;
  }
  for (size_t i = 0; i < 16; i += 4) write32(at + i, static_cast<uint32_t>(address.value >> (96 - 8 * i)));
}

/// Writes the IP header for a payload of `payload_bytes`. Returns the length of the header.
size_t write_ip_header(uint8_t* at, const Address& source, const Address& destination, uint8_t protocol,
                       size_t payload_bytes);

/// The pseudo-header's part of a TCP or ICMPv6 checksum. `ip` is a header from write_ip_header().
uint32_t pseudo_header_sum(const uint8_t* ip, Family family, uint8_t protocol, size_t payload_bytes);

/// Adds `bytes` to the ones' complement sum of RFC 1071 over 16-bit words. Each piece but the last must have an even
/// length.
uint32_t add_to_checksum(uint32_t sum, std::span<const uint8_t> bytes);
uint16_t finish_checksum(uint32_t sum);

}  // namespace portloop::lab
