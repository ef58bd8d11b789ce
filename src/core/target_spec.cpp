#include "core/target_spec.hpp"

#include <algorithm>

#include "core/service_names.hpp"

namespace portloop {
namespace {

constexpr std::string_view scheme_end = "://";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A host and its ports, which may be missing.
struct HostAndPorts {
  std::string_view host;
  std::optional<std::string_view> ports;
};

/// Several colons outside brackets are an IPv6 address without a port.
HostAndPorts split_host(std::string_view word) {
  const size_t colon = word.rfind(':');
  const bool bracketed = !word.empty() && word.front() == '[';
  const size_t end = bracketed ? word.find(']') : std::string_view::npos;
  if (bracketed && end != std::string_view::npos) {
    const std::string_view inside = word.substr(1, end - 1), behind = word.substr(end + 1);
    if (behind.empty()) return {inside, std::nullopt};
    if (behind.front() == ':') return {inside, behind.substr(1)};
    return {word, std::nullopt};
  }
  if (colon == std::string_view::npos || word.find(':') != colon) return {word, std::nullopt};
  return {word.substr(0, colon), word.substr(colon + 1)};
}

SpecError refuse(std::string_view word, const std::string& why) { return {quote_word(word) + ' ' + why}; }

Parsed<PortSet> own_ports(std::string_view word, std::string_view text) {
  if (text.empty()) return refuse(word, "has no port behind its colon: host:port is accepted, such as 10.0.0.1:22");
  Parsed<PortSet> ports = parse_ports(text, port_of_service, ports_of_services);
  if (!ports) return refuse(word, "has a wrong port: " + ports.error());
  return ports;
}

Parsed<TargetSpec> parse_url(std::string_view word, const ZoneLookup& zone_lookup) {
  const size_t colon = word.find(scheme_end);
  const std::string_view rest = word.substr(colon + scheme_end.size());
  if (const size_t comma = rest.find(','); comma != std::string_view::npos && rest.find(scheme_end, comma) != rest.npos)
    return refuse(word, "has two URLs: separate them by blanks, or write them on lines of their own");
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const HostAndPorts parts = split_host(authority);
  const auto target = parse_target(parts.host, zone_lookup);
  if (!target) return refuse(word, "has no host that can be scanned: " + target.error());
  if (target->ranges.size() > 1 || (target->ranges.size() == 1 && target->ranges[0].first != target->ranges[0].last))
    return refuse(word, "is a URL of several addresses: write " + quote_word(std::string(parts.host) + ":PORT"));
  if (parts.ports && !parts.ports->empty()) {
    auto ports = own_ports(word, *parts.ports);
    if (!ports) return SpecError{ports.error()};
    return TargetSpec{*target, std::move(*ports)};
  }
  std::string scheme(word.substr(0, colon));
  for (char& c : scheme)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const uint16_t port = port_of_service(scheme);
  if (port == 0)
    return refuse(word, "has a scheme without a known port: write " + quote_word(std::string(parts.host) + ":PORT"));
  PortSet ports;
  ports.add({port, port});
  return TargetSpec{*target, std::move(ports)};
}

/// The accepted spelling of what a wrong word probably means, or "".
std::string proposal(std::string_view word) {
  if (is_only_ports(word) && parse_ports(word, nullptr)) return "-p " + std::string(word);
  std::string_view host = word;
  if (const size_t slash = host.find('/'); slash != std::string_view::npos) {
    const bool is_path = slash + 1 == host.size() || !is_digit(host[slash + 1]);
    if (is_path) host = host.substr(0, slash);
  }
  if (const size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  return host != word && parse_target_spec(host) ? std::string(host) : "";
}

}  // namespace

Parsed<TargetSpec> parse_target_spec(std::string_view word, const ZoneLookup& zone_lookup) {
  auto alone = parse_target(word, zone_lookup);
  if (alone) return TargetSpec{std::move(*alone), std::nullopt};
  if (word.find(scheme_end) != std::string_view::npos) return parse_url(word, zone_lookup);
  const HostAndPorts parts = split_host(word);
  const auto target = parts.host == word ? alone : parse_target(parts.host, zone_lookup);
  if (!target) {
    const std::string spelling = proposal(word);
    return spelling.empty() ? SpecError{alone.error()} : refuse(word, "is not a target: write " + quote_word(spelling));
  }
  if (!parts.ports) return TargetSpec{*target, std::nullopt};
  auto ports = own_ports(word, *parts.ports);
  if (!ports) return SpecError{ports.error()};
  return TargetSpec{*target, std::move(*ports)};
}

bool ends_with_ports(std::string_view word) {
  const HostAndPorts parts = split_host(word);
  return parts.ports && !parts.ports->empty() && word.find(scheme_end) == std::string_view::npos;
}

bool is_only_ports(std::string_view word) {
  if (word.empty() || !is_digit(word.front())) return false;
  const std::string_view rest =
      word.substr(static_cast<size_t>(std::find_if_not(word.begin(), word.end(), is_digit) - word.begin()));
  if (rest.empty()) return true;
  return rest.front() == '-' && std::all_of(rest.begin() + 1, rest.end(), is_digit);
}

bool has_url_path(std::string_view word) {
  const size_t colon = word.find(scheme_end);
  return colon != std::string_view::npos &&
         word.find_first_of("/?", colon + scheme_end.size()) != std::string_view::npos;
}

}  // namespace portloop
