#include "sockets/socket_settings.hpp"

#include <cerrno>

#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

int set_option(int fd, int level, int name, const void* value, size_t size) {
  return setsockopt(fd, level, name, value, static_cast<socklen_t>(size)) == 0 ? 0 : errno;
}

int set_interface(int fd, const std::string& interface) {
#ifdef SO_BINDTODEVICE
  return set_option(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.data(), interface.size());
#else
  (void)fd;
  (void)interface;
  return ENOTSUP;
#endif
}

int set_mark(int fd, uint32_t mark) {
#ifdef SO_MARK
  return set_option(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
#else
  (void)fd;
  (void)mark;
  return ENOTSUP;
#endif
}

/// The two bits below the DSCP are the kernel's, for ECN (RFC 3168).
int set_dscp(int fd, Family family, uint8_t dscp) {
  const int traffic_class = dscp << 2;
  return family == Family::ipv4 ? set_option(fd, IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class)
                                : set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
}

int set_source(int fd, const Address& source) {
#ifdef IP_BIND_ADDRESS_NO_PORT
  // Without this option, bind() reserves a port for the lifetime of the socket: what does not know it (Linux
  // before 4.2, QEMU's user mode) has a connect less for each port that it lacks.
  const int on = 1;
  const int error_number = set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (error_number != 0 && error_number != ENOPROTOOPT) return error_number;
#endif
  const SocketAddress from = to_socket_address({source, 0});
  return bind(fd, &from.any, from.size()) == 0 ? 0 : errno;
}

}  // namespace

std::optional<RefusedSetting> apply_settings(int fd, Family family, const SocketSettings& settings) {
  const auto refused = [](SocketSetting setting, int error_number) -> std::optional<RefusedSetting> {
    if (error_number == 0) return std::nullopt;
    return RefusedSetting{setting, error_number};
  };
  std::optional<RefusedSetting> first;
  if (!settings.interface.empty()) first = refused(SocketSetting::interface, set_interface(fd, settings.interface));
  if (!first && settings.mark) first = refused(SocketSetting::mark, set_mark(fd, *settings.mark));
  if (!first && settings.dscp) first = refused(SocketSetting::dscp, set_dscp(fd, family, *settings.dscp));
  const std::optional<Address>& source = settings.source(family);
  if (!first && source) first = refused(SocketSetting::source, set_source(fd, *source));
  return first;
}

}  // namespace portloop
