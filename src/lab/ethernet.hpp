// Parses and builds Ethernet frames, and the packets of ARP and IPv6 neighbour discovery. Pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/address.hpp"
#include "lab/ethernet_link.hpp"
#include "lab/packet.hpp"

namespace portloop::lab {

using MacAddress = std::array<uint8_t, 6>;

/// A locally administered address, the same for one address in each run.
MacAddress mac_of(const Address& address);

inline constexpr size_t ethernet_header_bytes = 14;

struct Frame {
  std::span<const uint8_t> packet;  ///< Points into the frame.
  bool broadcast = false;           ///< Addressed to all hosts, or to a group of them.
};

/// Returns nullopt if the frame is truncated or has neither IPv4, nor IPv6, nor ARP.
std::optional<Frame> parse_frame(std::span<const uint8_t> frame);

/// The header for a packet to the command: IPv4, IPv6 or ARP. The sender is the packet's source if that is on the link,
/// otherwise the gateway.
std::array<uint8_t, ethernet_header_bytes> frame_header(std::span<const uint8_t> packet, const EthernetLink& link,
                                                        const MacAddress& receiver);

/// The question for the MAC address of `target`: an ARP request (RFC 826) or a neighbour solicitation (RFC 4861).
struct Solicitation {
  Address target;
  Address sender;
  MacAddress sender_mac{};  ///< Only for ARP.
};

/// Returns nullopt for any other packet, and for the probes of duplicate address detection.
std::optional<Solicitation> parse_solicitation(std::span<const uint8_t> packet);

/// Overwrites `packet` with the answer of the target.
void build_advertisement(const Solicitation& solicitation, Packet& packet);

}  // namespace portloop::lab
