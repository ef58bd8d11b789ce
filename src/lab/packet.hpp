// IPv4, IPv6, TCP and ICMP as bytes: what the simulated network reads from its device and writes back to it.
// Pure functions; nothing here allocates.
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

/// A TCP segment as it was read. `payload` points into the packet.
struct Segment {
  Address source;
  Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  uint16_t window_bytes = 0;       ///< As in the header: the lab never offers window scaling.
  uint16_t max_segment_bytes = 0;  ///< The MSS option, or what RFC 9293 assumes without one.
  std::span<const uint8_t> payload;
};

/// Reads one IP packet; nothing where it is not TCP, is a fragment, or its lengths contradict each other.
/// Checksums are not looked at: the kernel that sent the packet made them.
std::optional<Segment> parse_segment(std::span<const uint8_t> packet);

/// A TCP segment to be written.
struct Reply {
  Address source;
  Address destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t sequence = 0;
  uint32_t acknowledgement = 0;
  uint8_t flags = 0;
  bool announce_max_segment = false;  ///< Adds the MSS option, as a SYN-ACK does.
  std::string_view payload;           ///< Must outlive the packet that is built from it.
};

/// A packet ready to be written: `bytes` up to `length`, then `payload`.
struct Packet {
  /// IPv6 header, ICMPv6 header, and a quoted IPv6 SYN with 40 bytes of options fit.
  static constexpr size_t capacity_bytes = 176;

  std::array<uint8_t, capacity_bytes> bytes{};
  uint16_t length = 0;
  std::string_view payload;

  std::span<const uint8_t> head() const { return {bytes.data(), length}; }
};

/// `packet` is overwritten; checksums are right.
void build_segment(const Reply& reply, Packet& packet);

/// RFC 792 and RFC 4443 destination unreachable.
enum class Unreachable : uint8_t { net, host, port, admin_prohibited };

/// An ICMP (or ICMPv6) error about `original`, said by `router`, which must be of the original's family.
/// Quotes as much of the original as fits. `original` must hold a whole IP header.
void build_unreachable(Unreachable what, const Address& router, std::span<const uint8_t> original, Packet& packet);

/// The ones' complement sum of RFC 1071 over 16-bit words; `sum` carries it from piece to piece. Each piece
/// but the last must have an even length.
uint32_t add_to_checksum(uint32_t sum, std::span<const uint8_t> bytes);
uint16_t finish_checksum(uint32_t sum);

}  // namespace portloop::lab
