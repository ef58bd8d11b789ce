#include "lab/profile_words.hpp"

#include <cmath>
#include <utility>

#include "core/parse_number.hpp"

namespace portloop::lab {

namespace {

constexpr double us_per_second = 1e6;

/// Parses a number without an exponent.
std::optional<double> parse_fraction(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return std::nullopt;
  return parse_number<double>(text, 0);
}

}  // namespace

std::optional<uint32_t> parse_duration_us(std::string_view text) {
  constexpr double max_us = 3600 * us_per_second;
  static constexpr std::pair<std::string_view, double> units[] = {{"us", 1}, {"ms", 1e3}, {"s", us_per_second}};
  for (const auto& [unit, us] : units) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_fraction(text.substr(0, text.size() - unit.size()));
    if (!number) continue;
    const double total_us = *number * us;
    if (total_us > max_us) return std::nullopt;
    return static_cast<uint32_t>(std::llround(total_us));
  }
  return std::nullopt;
}

std::optional<uint32_t> parse_rate_per_second(std::string_view text) {
  constexpr uint32_t max_per_second = 10'000'000;
  if (!text.ends_with("/s")) return std::nullopt;
  return parse_number<uint32_t>(text.substr(0, text.size() - 2), 1, max_per_second);
}

std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto percent = parse_fraction(text.substr(0, text.size() - 1));
  if (!percent || *percent > 100) return std::nullopt;
  return *percent / 100;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address || address->zone != 0) return std::nullopt;
  const unsigned all_bits = address_bits(address->family);
  Prefix prefix{*address, all_bits};
  if (slash == std::string_view::npos) return prefix;
  const auto bits = parse_number<unsigned>(text.substr(slash + 1), 0, all_bits);
  if (!bits) return std::nullopt;
  prefix.bits = *bits;
  const unsigned host_bits = all_bits - *bits;
  prefix.first.value = host_bits == 128 ? uint128{0} : address->value >> host_bits << host_bits;
  return prefix;
}

std::optional<EthernetLink::Own> parse_own_address(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  if (!address || address->zone != 0) return std::nullopt;
  const auto bits = parse_number<unsigned>(text.substr(slash + 1), 1, address_bits(address->family) - 2);
  if (!bits) return std::nullopt;
  return EthernetLink::Own{*address, *bits};
}

std::optional<Speech> parse_speech(std::string_view word) {
  static constexpr std::pair<std::string_view, Speech> names[] = {
      {"nothing", Speech::nothing}, {"ssh", Speech::ssh},         {"http", Speech::http},
      {"drip", Speech::drip},       {"hostile", Speech::hostile}, {"reset", Speech::reset}};
  for (const auto& [name, speech] : names) {
    if (word == name) return speech;
  }
  return std::nullopt;
}

std::optional<Refusal> parse_refusal(std::string_view word) {
  static constexpr std::pair<std::string_view, Refusal> names[] = {{"rst", Refusal::rst},
                                                                   {"silent", Refusal::silence},
                                                                   {"net-unreachable", Refusal::net_unreachable},
                                                                   {"host-unreachable", Refusal::host_unreachable},
                                                                   {"port-unreachable", Refusal::port_unreachable},
                                                                   {"admin-prohibited", Refusal::admin_prohibited}};
  for (const auto& [name, refusal] : names) {
    if (word == name) return refusal;
  }
  return std::nullopt;
}

}  // namespace portloop::lab
