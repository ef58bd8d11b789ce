// From the library's results to the values that outputs and checkpoints take.
#pragma once

#include "core/probe_result.hpp"
#include "portloop/portloop.h"

namespace portloop {

/// The banner is a view of the library's: valid as long as `result`.
ProbeResult probe_result_of(const portloop_result& result);

/// The address of a host's event.
Address host_address_of(const sockaddr& address);

}  // namespace portloop
