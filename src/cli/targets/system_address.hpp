// From the system's socket addresses, as the resolver and the public API give them, to ours.
#pragma once

#include <netinet/in.h>

#include <optional>

#include "core/address.hpp"

namespace portloop {

/// Nothing for families other than IPv4 and IPv6.
std::optional<Address> address_of(const sockaddr& address);

}  // namespace portloop
