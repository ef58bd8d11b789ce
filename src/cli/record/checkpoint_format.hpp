// What the writer and the reader of a checkpoint's text share.
//
// The text has one line for each fact: a key, then words as core/record_line.hpp writes them. The first line is the
// magic word with the version, the last one a checksum of all lines before it.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/probe_result.hpp"

namespace portloop::checkpoint_format {

/// To be raised when a line changes its meaning, or when the order of the probes does: positions count in that order.
constexpr uint64_t version = 4;
constexpr std::string_view magic = "portloop-checkpoint";

// The line "counts" has the results in this order.
static_assert(static_cast<int>(PortState::open) == 0 && static_cast<int>(PortState::closed) == 1 &&
              static_cast<int>(PortState::filtered) == 2 && static_cast<int>(PortState::unknown) == 3);

}  // namespace portloop::checkpoint_format
