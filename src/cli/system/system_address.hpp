// Between the socket addresses of the resolver and the public API, and ours.
#pragma once

#include <netinet/in.h>

#include <optional>

#include "core/address.hpp"

namespace portloop {

/// Returns nullopt for families other than IPv4 and IPv6.
std::optional<Address> address_of(const sockaddr& address);

}  // namespace portloop
