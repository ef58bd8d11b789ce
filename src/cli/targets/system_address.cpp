#include "cli/targets/system_address.hpp"

#include <cstring>

namespace portloop {

std::optional<Address> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return Address{Family::ipv4, 0, ntohl(v4.sin_addr.s_addr)};
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  Address result{Family::ipv6, v6.sin6_scope_id, 0};
  for (const uint8_t byte : v6.sin6_addr.s6_addr) result.value = result.value << 8 | byte;
  return result;
}

}  // namespace portloop
