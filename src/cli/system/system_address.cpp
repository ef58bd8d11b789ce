#include "cli/system/system_address.hpp"

#include <cstring>

#include "sockets/socket_address.hpp"

namespace portloop {

std::optional<Address> address_of(const sockaddr& address) {
  if (address.sa_family != AF_INET && address.sa_family != AF_INET6) return std::nullopt;
  SocketAddress copy{};
  std::memcpy(&copy, &address, address.sa_family == AF_INET ? sizeof copy.v4 : sizeof copy.v6);
  return to_endpoint(copy).address;
}

}  // namespace portloop
