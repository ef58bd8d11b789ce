// Targets and ports as a caller passes them. An error is one line with the word at fault.
#pragma once

#include <sys/socket.h>

#include <vector>

#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// Numeric targets: see portloop_options_add_target().
Parsed<std::vector<AddressRange>> parse_numeric_target(const char* text);

/// The addresses first..last: see portloop_options_add_range().
Parsed<AddressRange> range_between(const sockaddr& first, const sockaddr& last);

/// Ports, with the names and patterns of the built-in list.
Parsed<PortSet> parse_named_ports(const char* text);

}  // namespace portloop
