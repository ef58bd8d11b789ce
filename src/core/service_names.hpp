// The built-in list of TCP services: the fallback if the system has no services database, and the definition of
// `-p common`. service_names.cpp explains how the list was chosen.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace portloop {

struct ServiceName {
  uint16_t port;
  std::string_view name;  ///< Lower case, up to 15 characters; IANA's if its service is what usually runs there.
  bool common;            ///< Part of `-p common`.
};

/// Sorted by port, each port once.
std::span<const ServiceName> service_names();

/// The name of a port, or an empty view.
std::string_view service_name_of(uint16_t port);

/// The port of a name or a well-known alias (ASCII case is ignored), or 0. If several ports have the name, the usual
/// one: http-alt is 8080.
uint16_t port_of_service(std::string_view name);

/// The ports of all names and aliases that match a pattern, in which * stands for any text and ? for one character
/// (ASCII case is ignored); not sorted, and a port may appear twice.
std::vector<uint16_t> ports_of_services(std::string_view pattern);

/// Whether the whole of `name` matches such a pattern.
bool matches_service_pattern(std::string_view name, std::string_view pattern);

}  // namespace portloop
