#include "sockets/socket_address.hpp"

#include <unistd.h>

#include <cerrno>

namespace portloop {

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress result{};
  if (endpoint.address.family == Family::ipv4) {
    result.v4.sin_family = AF_INET;
    result.v4.sin_port = htons(endpoint.port);
    result.v4.sin_addr.s_addr = htonl(static_cast<uint32_t>(endpoint.address.value));
    return result;
  }
  result.v6.sin6_family = AF_INET6;
  result.v6.sin6_port = htons(endpoint.port);
  result.v6.sin6_scope_id = endpoint.address.zone;
  uint128 rest = endpoint.address.value;
  for (int i = 15; i >= 0; --i, rest >>= 8) result.v6.sin6_addr.s6_addr[i] = static_cast<uint8_t>(rest);
  return result;
}

Endpoint to_endpoint(const SocketAddress& address) {
  Endpoint endpoint;
  if (address.any.sa_family == AF_INET) {
    endpoint.address = {Family::ipv4, 0, ntohl(address.v4.sin_addr.s_addr)};
    endpoint.port = ntohs(address.v4.sin_port);
    return endpoint;
  }
  endpoint.address = {Family::ipv6, address.v6.sin6_scope_id, 0};
  for (const uint8_t byte : address.v6.sin6_addr.s6_addr) endpoint.address.value = endpoint.address.value << 8 | byte;
  endpoint.port = ntohs(address.v6.sin6_port);
  return endpoint;
}

bool has_source_address(const SocketAddress& target) {
  const int fd = socket(target.any.sa_family, SOCK_DGRAM, 0);
  if (fd < 0) return true;  // not known; what lacked may come back
  const bool lacks = connect(fd, &target.any, target.size()) != 0 && errno == EADDRNOTAVAIL;
  close(fd);
  return !lacks;
}

bool find_peer(int fd, Endpoint& local, Endpoint& remote) {
  SocketAddress address{};
  socklen_t size = sizeof address;
  if (getpeername(fd, &address.any, &size) != 0) return false;
  remote = to_endpoint(address);
  size = sizeof address;
  if (getsockname(fd, &address.any, &size) != 0) return false;
  local = to_endpoint(address);
  return true;
}

}  // namespace portloop
