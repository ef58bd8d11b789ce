// A socket that serves one probe after another, on Linux: the system calls that the epoll connector and the blocking
// models share, so that a comparison of them measures how they wait and nothing else.
//
// Between two probes: a refused socket whose error queue was empty is reused as it is; an open or silent one is
// dissolved; after anything else (ICMP, an unexpected errno) it is closed.
#pragma once

#include <cstdint>
#include <optional>

#include "core/address.hpp"
#include "core/classify.hpp"
#include "core/target_set.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

/// The initial sequence number of a recycled socket grows by 3 with each use (tcp_disconnect() in the kernel). A socket
/// is replaced after this many uses, so that its numbers are not predictable for long.
constexpr uint32_t max_socket_uses = 1000;

/// A socket can be reused only for targets of its own kind.
enum class SocketKind : uint32_t { ipv4 = 0, ipv6 = 1, loopback = 2 };

/// Returns an address in 127.0.0.0/8 that is not a target, chosen by `random`, or nullopt if practically all of them
/// are targets. It is the source address of probes to loopback: a socket bound to it cannot connect to itself.
std::optional<Address> spare_loopback_address(const TargetSet& targets, uint64_t random);

/// `source` is the result of spare_loopback_address().
SocketKind socket_kind(const Address& target, const std::optional<Address>& source);

/// Opens a TCP socket that queues ICMP errors; if the kind is loopback, binds it to `source`. `flags` are passed to
/// socket(), such as SOCK_NONBLOCK. Returns 0 and sets `fd`, or returns an errno, which may be that of a setting.
int open_probe_socket(SocketKind kind, const std::optional<Address>& source, int flags, int& fd,
                      const SocketSettings& settings = {});

/// What the socket sends from now on ends at the first router, which reports that with an ICMP error. Returns 0 or an
/// errno.
int limit_to_first_hop(int fd, SocketKind kind);

/// Empties the error queue and returns the first ICMP error in it. `sender`, if not nullptr, receives the address that
/// it came from.
std::optional<IcmpError> read_error_queue(int fd, std::optional<Address>* sender = nullptr);

/// For a connection that is to be used: with the queue of ICMP errors, one of them would end it (RFC 1122
/// section 4.2.3.9 forbids that), and not only the attempt to make it.
void ignore_icmp_errors(int fd, SocketKind kind);

/// Returns who is at the other end of a connected socket. Always Peer::other for the kind loopback: its source address
/// is not a target.
Peer peer_of(int fd, SocketKind kind);

/// Disconnects the socket, so that it can connect again: an established connection with a RST, which leaves no
/// TIME_WAIT; a pending connect without sending anything. Returns false if that failed and the socket must be closed.
bool dissolve(int fd);

}  // namespace portloop
