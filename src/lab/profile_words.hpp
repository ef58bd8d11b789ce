// The words of which a profile's statements consist.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lab/profile.hpp"

namespace portloop::lab {

/// Parses "300us", "0.3ms" or "1.5s", up to one hour.
std::optional<uint32_t> parse_duration_us(std::string_view text);

/// Parses "200/s" as 200, from 1 to 10,000,000.
std::optional<uint32_t> parse_rate_per_second(std::string_view text);

/// Parses "3%" as 0.03.
std::optional<double> parse_share(std::string_view text);

/// Parses "10.0.0.0/8", or an address without a length.
std::optional<Prefix> parse_prefix(std::string_view text);

/// Parses "10.0.0.9/24", a host's address with the length of its network's prefix; the network has room for another
/// host.
std::optional<EthernetLink::Own> parse_own_address(std::string_view text);

std::optional<Speech> parse_speech(std::string_view word);

std::optional<Refusal> parse_refusal(std::string_view word);

}  // namespace portloop::lab
