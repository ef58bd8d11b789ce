// Addresses that stand for all hosts of an own link: a block such as 192.168.1.0/24 includes one, but nobody means it.
#pragma once

#include <vector>

#include "core/target_set.hpp"

namespace portloop {

/// Removes the broadcast addresses of this machine's links from `targets`, if anything else is left, and prints a line
/// about each unless `quiet`. No connection can be made to them, so that each would be a target that failed.
void remove_broadcast_addresses(TargetSet& targets, bool quiet);

/// Of this machine's links, without loopback.
std::vector<Address> own_broadcast_addresses();

/// Prints the line about one.
void report_broadcast_address(const Address& address);

}  // namespace portloop
