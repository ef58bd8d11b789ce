// A socket that serves one probe after another, on Linux: what the reactor's connector and the blocking models
// ask of the kernel, in one place, so that they are compared by how they wait and by nothing else.
//
// Between two probes: a refused socket whose error queue was empty is used again as it is; an open or silent
// one is dissolved; after anything else (ICMP, an unexpected errno) it is closed.
#pragma once

#include <cstdint>
#include <optional>

#include "core/address.hpp"
#include "core/classify.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// Initial sequence numbers of a recycled socket grow by 3 (tcp_disconnect() in the kernel): after this many
/// uses a socket is replaced, so that they are not predictable for long.
constexpr uint32_t max_socket_uses = 1000;

/// A socket can be used again only for targets of its own kind.
enum class SocketKind : uint32_t { ipv4 = 0, ipv6 = 1, loopback = 2 };

/// An address in 127.0.0.0/8 that is not scanned, for sockets to call from: a socket bound to it can't meet
/// its own SYN. `random` chooses among them. Nothing where practically all of them are scanned.
std::optional<Address> spare_loopback_address(const TargetSet& targets, uint64_t random);

/// `source` is what spare_loopback_address() answered.
SocketKind socket_kind(const Address& target, const std::optional<Address>& source);

/// A TCP socket whose ICMP errors are queued, bound to `source` where the kind is loopback. `flags` are
/// socket()'s, such as SOCK_NONBLOCK. Answers 0 and the descriptor, or an errno.
int open_probe_socket(SocketKind kind, const std::optional<Address>& source, int flags, int& fd);

/// Takes everything from the error queue; answers the first ICMP error in it.
std::optional<IcmpError> read_error_queue(int fd);

/// Whom a connected socket met. Bound sockets call from an address that is nobody's target.
Peer peer_of(int fd, SocketKind kind);

/// Ends whatever the socket is doing, so that it can connect again: a connection with a RST (which leaves no
/// TIME_WAIT), a pending connect without a packet. False: it must be closed.
bool dissolve(int fd);

}  // namespace portloop
