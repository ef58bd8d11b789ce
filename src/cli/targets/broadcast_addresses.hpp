// Addresses that stand for all hosts of an own link: a block such as 192.168.1.0/24 includes one, but nobody means it.
#pragma once

#include "core/target_set.hpp"

namespace portloop {

/// Removes the broadcast addresses of this machine's links from `targets`, if anything else is left, and prints a line
/// about each unless `quiet`. No connection can be made to them, so that each would be a target that failed.
void remove_broadcast_addresses(TargetSet& targets, bool quiet);

}  // namespace portloop
