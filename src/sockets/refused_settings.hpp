// Whether the system grants what a scan's sockets are to be set to, before the first of them is needed.
#pragma once

#include <string>

#include "core/target_set.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

/// Returns a line that names the setting at fault and its value, or "" if everything can be set. `more_may_follow`:
/// targets of either family may be added later; see InterfaceReach for these. Throws std::bad_alloc.
std::string refused_settings(const SocketSettings& settings, const TargetSet& targets, bool more_may_follow = false);

}  // namespace portloop
