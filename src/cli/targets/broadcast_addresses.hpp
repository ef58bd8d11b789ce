// Addresses that stand for all hosts of an own link: a block such as 192.168.1.0/24 includes one, but nobody means it.
#pragma once

#include <string>
#include <vector>

#include "core/target_set.hpp"

namespace portloop {

/// Removes the broadcast addresses of this machine's links from `targets`, if anything else is left, and returns them.
/// No connection can be made to them, so that each would be a target that failed.
std::vector<Address> remove_broadcast_addresses(TargetSet& targets);

/// Of this machine's links, without loopback.
std::vector<Address> own_broadcast_addresses();

/// What people are told about one that is left out: one line.
std::string broadcast_note(const Address& address);

}  // namespace portloop
