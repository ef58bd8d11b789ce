// Conversions between core's addresses and the system's socket addresses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "core/probe_result.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

/// An address of either family. Smaller than a sockaddr_storage, because every slot has one.
union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;

  socklen_t size() const { return any.sa_family == AF_INET ? sizeof v4 : sizeof v6; }
};
static_assert(sizeof(SocketAddress) == sizeof(sockaddr_in6));

SocketAddress to_socket_address(const Endpoint& endpoint);

/// Reads a whole sockaddr_in or sockaddr_in6, by its family. Returns nullopt if the family is another.
std::optional<Endpoint> to_endpoint(const sockaddr& address);

/// Returns whether this machine has a source address for the target, from where `settings` call. EADDRNOTAVAIL can also
/// mean that all source ports are in use; a connect() of a UDP socket tells the two apart: it selects the route and the
/// source address as TCP does, but sends nothing and needs no TCP port.
bool has_source_address(const SocketAddress& target, const SocketSettings& settings = {});

/// Returns whether this machine has a route to the target, and a source address for it, with `settings`. Found out in
/// the same way.
/// False if no descriptor is left to ask with.
bool has_route(const SocketAddress& target, const SocketSettings& settings = {});

/// Whether this machine has the address: a UDP connect() to it would call from the same one. Sends nothing. False if no
/// descriptor is left to ask with.
bool is_own_address(SocketAddress address);

/// Reads both ends of a connection. Returns false if the socket is not connected.
bool find_peer(int fd, Endpoint& local, Endpoint& remote);

}  // namespace portloop
