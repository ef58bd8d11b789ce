// Our own list of TCP services: the fallback where the system has no services database, and the ports that
// `-p common` stands for. service_names.cpp says how the list was chosen.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace portloop {

struct ServiceName {
  uint16_t port;
  std::string_view name;  ///< Lower case, up to 15 characters; IANA's where its service is what runs there.
  bool common;            ///< Belongs to `-p common`.
};

/// Sorted by port; a port stands in it once.
std::span<const ServiceName> service_names();

/// The name of a port, or an empty view.
std::string_view service_name_of(uint16_t port);

/// The port of a name (ASCII case ignored; well-known aliases too), or 0. Of a name that several ports have,
/// the usual one: http-alt is 8080.
uint16_t port_of_service(std::string_view name);

}  // namespace portloop
