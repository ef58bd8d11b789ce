// A new network namespace with one device, TUN or TAP, to which every route leads. Linux only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/spec_error.hpp"
#include "lab/descriptor.hpp"
#include "lab/ethernet.hpp"
#include "lab/ethernet_link.hpp"

namespace portloop::lab {

/// The source addresses of the command's packets, except on an Ethernet link. A profile's prefixes should not contain
/// them.
inline constexpr std::string_view own_ipv4_address = "100.64.0.1";
inline constexpr std::string_view own_ipv6_address = "fdff::1";

struct OwnNetwork {
  Descriptor device;     ///< Non-blocking; each read and write is one IP packet, or a frame on an Ethernet link.
  MacAddress mac{};      ///< The device's own, on an Ethernet link.
  bool has_ipv6 = true;  ///< False if the kernel has none.
};

/// Moves the calling process, which must be single-threaded, into own namespaces, and creates the device, its addresses
/// and its routes there. All of it disappears with the last process inside. The error is one line with what the system
/// forbids and how to allow it.
Parsed<OwnNetwork> make_own_network(const std::optional<EthernetLink>& link);

/// The number of packets that the device has dropped because they were not read in time.
uint64_t device_drops();

}  // namespace portloop::lab
