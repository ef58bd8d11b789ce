// Where a scan's sockets call from, and how their packets are marked, if the system's choice is not wanted.
//
// The interface is set with SO_BINDTODEVICE, which needs no root since Linux 5.7. IP_UNICAST_IF and IPV6_UNICAST_IF are
// no substitute: tcp_v4_connect() and tcp_v6_connect() do not look at them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/address.hpp"

namespace portloop {

struct SocketSettings {
  std::optional<Address> source_v4, source_v6;  ///< Addresses of this machine.
  std::string interface;                        ///< Empty: what the routes say.
  uint32_t interface_number = 0;                ///< 0 if there is no interface of that name, or none is wanted.
  std::optional<uint8_t> dscp;                  ///< 0-63 (RFC 2474).
  std::optional<uint32_t> mark;                 ///< SO_MARK, for routing policies and firewalls.

  const std::optional<Address>& source(Family family) const { return family == Family::ipv4 ? source_v4 : source_v6; }
};

enum class SocketSetting : uint8_t { interface, mark, dscp, source };

struct RefusedSetting {
  SocketSetting setting;
  int error_number;
};

/// Applies all settings to a new socket of that family, TCP or UDP. A TCP socket gets its source port when it connects.
/// Returns the first one that the system refuses.
std::optional<RefusedSetting> apply_settings(int fd, Family family, const SocketSettings& settings);

}  // namespace portloop
