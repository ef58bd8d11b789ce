// Between our addresses and the system's.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/probe_result.hpp"

namespace portloop {

/// Room for either family, and small: there is one for each slot.
union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;

  socklen_t size() const { return any.sa_family == AF_INET ? sizeof v4 : sizeof v6; }
};

SocketAddress to_socket_address(const Endpoint& endpoint);
Endpoint to_endpoint(const SocketAddress& address);

/// Whether this machine has an address to call the target from. A connect() of UDP looks up the route and the source
/// like TCP's, sends nothing, and needs no TCP port: it tells apart the two things that EADDRNOTAVAIL can mean.
bool has_source_address(const SocketAddress& target);

/// Who is at the other end of a connected socket; nothing where it isn't connected.
bool find_peer(int fd, Endpoint& local, Endpoint& remote);

}  // namespace portloop
