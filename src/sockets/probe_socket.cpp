#include "sockets/probe_socket.hpp"

#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/permutation.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {

std::optional<Address> spare_loopback_address(const TargetSet& targets, uint64_t random) {
  for (uint64_t attempt = 0; attempt < 1000; ++attempt) {
    const uint64_t bits = mix64(random + attempt);
    const uint32_t middle = static_cast<uint32_t>(bits >> 16) & 0xffff00;
    const uint32_t last = 2 + static_cast<uint32_t>(bits % 250);
    const Address candidate{Family::ipv4, 0, 0x7f000000U | middle | last};
    if (!targets.contains(candidate)) return candidate;
  }
  return std::nullopt;
}

SocketKind socket_kind(const Address& target, const std::optional<Address>& source) {
  if (target.family == Family::ipv6) return SocketKind::ipv6;
  return is_loopback(target) && source ? SocketKind::loopback : SocketKind::ipv4;
}

namespace {

void queue_icmp_errors(int fd, SocketKind kind, int on) {
  if (kind == SocketKind::ipv6)
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  else
    setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
}

}  // namespace

void ignore_icmp_errors(int fd, SocketKind kind) { queue_icmp_errors(fd, kind, 0); }

int open_probe_socket(SocketKind kind, const std::optional<Address>& source, int flags, int& fd,
                      const SocketSettings& settings) {
  const int family = kind == SocketKind::ipv6 ? AF_INET6 : AF_INET;
  fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, IPPROTO_TCP);
  if (fd < 0) return errno;
  queue_icmp_errors(fd, kind, 1);
  SocketSettings all = settings;
  if (kind == SocketKind::loopback) all.source_v4 = source;
  const std::optional<RefusedSetting> refused =
      apply_settings(fd, family == AF_INET ? Family::ipv4 : Family::ipv6, all);
  if (!refused) return 0;
  close(fd);
  fd = -1;
  return refused->error_number;
}

int limit_to_first_hop(int fd, SocketKind kind) {
  const int one = 1;
  const int failed = kind == SocketKind::ipv6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &one, sizeof one)
                                              : setsockopt(fd, IPPROTO_IP, IP_TTL, &one, sizeof one);
  return failed == 0 ? 0 : errno;
}

namespace {

/// Routers and this machine itself report an absent host with these (RFC 792; RFC 4443 section 3.1).
bool is_host_unreachable(const IcmpError& icmp) {
  return icmp.family == Family::ipv4 ? icmp.type == 3 && icmp.code == 1 : icmp.type == 1 && icmp.code == 3;
}

}  // namespace

std::optional<IcmpError> read_error_queue(int fd, std::optional<Address>* sender) {
  alignas(cmsghdr) std::array<char, 256> control;
  std::optional<IcmpError> first;
  for (;;) {
    msghdr message{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    // What ignores the flag (QEMU's user mode) returns 0 for ever, without it.
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 || (message.msg_flags & MSG_ERRQUEUE) == 0) return first;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
      const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
      const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
      if (!v4 && !v6) continue;
      sock_extended_err error;
      __builtin_memcpy(&error, CMSG_DATA(header), sizeof error);
      const bool from_icmp = error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
      if (!from_icmp || first) continue;
      first = IcmpError{v4 ? Family::ipv4 : Family::ipv6, error.ee_type, error.ee_code};
      if (sender == nullptr && !is_host_unreachable(*first)) continue;
      // The sender's address follows the error (ip(7), SO_EE_OFFENDER).
      SocketAddress offender{};
      const size_t rest = header->cmsg_len - std::min<size_t>(header->cmsg_len, CMSG_LEN(sizeof error));
      __builtin_memcpy(&offender, CMSG_DATA(header) + sizeof error, std::min(rest, sizeof offender));
      if (is_host_unreachable(*first)) first->from_own_address = is_own_address(offender);
      const auto from = sender != nullptr ? to_endpoint(offender.any) : std::nullopt;
      if (from) *sender = from->address;
    }
  }
}

Peer peer_of(int fd, SocketKind kind) {
  Endpoint local, remote;
  if (kind == SocketKind::loopback || !find_peer(fd, local, remote) || local.address != remote.address)
    return Peer::other;
  return local.port == remote.port ? Peer::self : Peer::own_address;
}

bool dissolve(int fd) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  return connect(fd, &nobody, sizeof nobody) == 0;
}

}  // namespace portloop
