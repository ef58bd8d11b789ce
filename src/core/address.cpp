#include "core/address.hpp"

#include <arpa/inet.h>  // only inet_pton and inet_ntop, which are pure functions

#include <array>
#include <cstring>

#include "core/parse_number.hpp"

namespace portloop {

uint32_t numeric_zone(std::string_view zone) { return parse_number<uint32_t>(zone).value_or(0); }

namespace {

std::optional<Address> parse_ipv4(const char* text) {
  std::array<uint8_t, 4> bytes{};
  if (inet_pton(AF_INET, text, bytes.data()) != 1) return std::nullopt;
  Address address{Family::ipv4, 0, 0};
  for (const uint8_t byte : bytes) address.value = address.value << 8 | byte;
  return address;
}

std::optional<Address> parse_ipv6(const char* text) {
  std::array<uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, text, bytes.data()) != 1) return std::nullopt;
  Address address{Family::ipv6, 0, 0};
  for (const uint8_t byte : bytes) address.value = address.value << 8 | byte;
  return address;
}

}  // namespace

std::optional<Address> parse_address(std::string_view text, const ZoneLookup& zone_lookup) {
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) text = text.substr(1, text.size() - 2);
  std::string_view zone;
  const size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    zone = text.substr(percent + 1);
    text = text.substr(0, percent);
  }
  std::array<char, 64> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::memcpy(terminated.data(), text.data(), text.size());
  if (!bracketed && percent == std::string_view::npos) {
    if (auto address = parse_ipv4(terminated.data())) return address;
  }
  auto address = parse_ipv6(terminated.data());
  if (address && percent != std::string_view::npos) {
    address->zone = numeric_zone(zone);
    if (address->zone == 0) address->zone = zone_lookup(zone);
    if (address->zone == 0) return std::nullopt;
  }
  return address;
}

std::string to_text(const Address& address) {
  std::array<uint8_t, 16> bytes{};
  const size_t length = address_bits(address.family) / 8;
  uint128 rest = address.value;
  for (size_t i = length; i > 0; --i) {
    bytes[i - 1] = static_cast<uint8_t>(rest);
    rest >>= 8;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.family == Family::ipv4 ? AF_INET : AF_INET6, bytes.data(), text.data(),
            static_cast<socklen_t>(text.size()));
  std::string result = text.data();
  if (address.zone != 0) result += '%' + std::to_string(address.zone);
  return result;
}

std::string to_text(const Address& address, uint16_t port) {
  const std::string number = std::to_string(port);
  if (address.family == Family::ipv4) return to_text(address) + ':' + number;
  return '[' + to_text(address) + "]:" + number;
}

bool is_loopback(const Address& address) {
  if (address.family == Family::ipv4) return address.value >> 24 == 127;
  return address.value == 1;
}

bool is_unspecified(const Address& address) { return address.value == 0; }

}  // namespace portloop
