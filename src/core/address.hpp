// An IPv4 or IPv6 address as a value: comparable, countable, and written as people write it.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/uint128.hpp"

namespace portloop {

enum class Family : uint8_t { ipv4 = 4, ipv6 = 6 };

/// A host's address. Ordered by family, then zone, then value, so that a range is an interval.
struct Address {
  Family family = Family::ipv4;
  uint32_t zone = 0;  ///< IPv6 interface index of a link-local address, 0 for none.
  uint128 value = 0;  ///< Host byte order: 127.0.0.1 is 0x7f000001, ::1 is 1.

  friend constexpr bool operator==(const Address&, const Address&) = default;
  friend constexpr std::strong_ordering operator<=>(const Address& a, const Address& b) {
    if (a.family != b.family) return a.family <=> b.family;
    if (a.zone != b.zone) return a.zone <=> b.zone;
    if (a.value != b.value) return a.value < b.value ? std::strong_ordering::less : std::strong_ordering::greater;
    return std::strong_ordering::equal;
  }
};

/// Returns the interface index of an IPv6 zone name such as "eth0", or 0 if there is no such interface. The caller
/// provides it, because it needs a system call and this library makes none.
using ZoneLookup = std::function<uint32_t(std::string_view)>;

/// Accepts only numbers, such as the 2 of fe80::1%2.
uint32_t numeric_zone(std::string_view zone);

/// Parses one numeric address: strict dotted IPv4, or IPv6 with an optional %zone and optional brackets.
std::optional<Address> parse_address(std::string_view text, const ZoneLookup& zone_lookup = numeric_zone);

/// RFC 5952 text, with the zone as a number.
std::string to_text(const Address& address);

/// host:port, with brackets around IPv6.
std::string to_text(const Address& address, uint16_t port);

/// 127.0.0.0/8 and ::1.
bool is_loopback(const Address& address);

/// 0.0.0.0 and ::, which a connect interprets as the machine itself.
bool is_unspecified(const Address& address);

/// The number of bits in an address of the family: 32 or 128.
constexpr unsigned address_bits(Family family) { return family == Family::ipv4 ? 32 : 128; }

/// 2^address_bits - 1.
constexpr uint128 highest_value(Family family) { return family == Family::ipv4 ? uint128{0xffffffff} : ~uint128{0}; }

}  // namespace portloop
