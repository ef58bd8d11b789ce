#include "sockets/socket_address.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

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

std::optional<Endpoint> to_endpoint(const sockaddr& address) {
  // Copied, because the caller's memory need not be aligned for the larger type.
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return Endpoint{{Family::ipv4, 0, ntohl(v4.sin_addr.s_addr)}, ntohs(v4.sin_port)};
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  Endpoint endpoint{{Family::ipv6, v6.sin6_scope_id, 0}, ntohs(v6.sin6_port)};
  for (const uint8_t byte : v6.sin6_addr.s6_addr) endpoint.address.value = endpoint.address.value << 8 | byte;
  return endpoint;
}

namespace {

/// Opens a UDP socket with the settings, and connects it. Returns 0 or the errno of the step that failed; if no socket
/// can be opened, `otherwise`.
int try_to_call(const SocketAddress& target, const SocketSettings& settings, int otherwise) {
  const int fd = socket(target.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return otherwise;
  const Family family = target.any.sa_family == AF_INET ? Family::ipv4 : Family::ipv6;
  const std::optional<RefusedSetting> refused = apply_settings(fd, family, settings);
  int error_number = refused ? refused->error_number : 0;
  if (!refused && connect(fd, &target.any, target.size()) != 0) error_number = errno;
  close(fd);
  return error_number;
}

}  // namespace

bool has_source_address(const SocketAddress& target, const SocketSettings& settings) {
  // Unknown if no descriptor is left, for example: then the probe is retried.
  return try_to_call(target, settings, 0) != EADDRNOTAVAIL;
}

bool has_route(const SocketAddress& target, const SocketSettings& settings) {
  return try_to_call(target, settings, EMFILE) == 0;
}

bool is_own_address(SocketAddress address) {
  const int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  (address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port) = htons(9);  // any port will do
  SocketAddress source{};
  socklen_t size = sizeof source;
  const bool called = connect(fd, &address.any, address.size()) == 0 && getsockname(fd, &source.any, &size) == 0;
  close(fd);
  return called && to_endpoint(source.any)->address == to_endpoint(address.any)->address;
}

bool find_peer(int fd, Endpoint& local, Endpoint& remote) {
  const auto read = [fd](int (*get)(int, sockaddr*, socklen_t*), Endpoint& endpoint) {
    SocketAddress address{};
    socklen_t size = sizeof address;
    if (get(fd, &address.any, &size) != 0) return false;
    const std::optional<Endpoint> found = to_endpoint(address.any);
    if (found) endpoint = *found;
    return found.has_value();
  };
  return read(getpeername, remote) && read(getsockname, local);
}

}  // namespace portloop
