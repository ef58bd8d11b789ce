// Where a comparison ran: what a reader needs to judge its numbers, in every export.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace portloop::compare {

/// Names and values in the order in which they are shown: time, portloop, libuv, kernel, machine, processors,
/// descriptor, process and thread limits, port range.
using Environment = std::vector<std::pair<std::string, std::string>>;

Environment read_environment();

}  // namespace portloop::compare
