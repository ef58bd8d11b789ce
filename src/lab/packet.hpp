// Parses and builds the IPv4, IPv6, TCP and ICMP packets that the simulated network reads from its device and writes to
// it. Pure functions without allocations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/address.hpp"

namespace portloop::lab {

namespace tcp_flag {
inline constexpr uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10;
}

/// A parsed TCP segment. `payload` points into the packet.
struct Segment {
  Address source;
  Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  uint8_t hop_limit = 0;
  uint16_t window_bytes = 0;       ///< As in the header: the lab never negotiates window scaling.
  uint16_t max_segment_bytes = 0;  ///< The MSS option, or what RFC 9293 assumes without one.
  std::span<const uint8_t> payload;
};

/// Parses one IP packet. Returns nullopt if it is not TCP, is a fragment, or has inconsistent lengths. Checksums are
/// not verified: the packet comes from the local kernel.
std::optional<Segment> parse_segment(std::span<const uint8_t> packet);

/// A TCP segment to build.
struct Reply {
  Address source;
  Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  bool announce_max_segment = false;  ///< Adds the MSS option, as in a SYN-ACK.
  std::string_view payload;           ///< Borrowed by the packet that is built from it.
};

/// A built packet: the first `length` of `bytes`, followed by `payload`.
struct Packet {
  /// Enough for an IPv6 header, an ICMPv6 header, and a quoted IPv6 SYN with 40 bytes of options.
  static constexpr size_t capacity_bytes = 176;

  std::array<uint8_t, capacity_bytes> bytes{};
  uint16_t length = 0;
  std::string_view payload;

  std::span<const uint8_t> head() const { return {bytes.data(), length}; }
};

/// Overwrites `packet` with the segment and its checksums.
void build_segment(const Reply& reply, Packet& packet);

/// RFC 792 and RFC 4443: destination unreachable, and time exceeded in transit.
enum class Unreachable : uint8_t { net, host, port, admin_prohibited, hop_limit_reached };

/// Overwrites `packet` with an ICMP (or ICMPv6) error about `original`, from `router`, which must have the same family.
/// It quotes as much of the original as fits. `original` must contain a whole IP header.
void build_unreachable(Unreachable what, const Address& router, std::span<const uint8_t> original, Packet& packet);

}  // namespace portloop::lab
