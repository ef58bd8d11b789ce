// Reads one line of portloop's JSON: an object, of which four members matter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/probe_result.hpp"

namespace portloop::lab {

struct ResultLine {
  Endpoint endpoint;
  PortState state = PortState::unknown;
};

/// Takes any JSON object that has "address", "port" and "state", in any order and with anything beside them;
/// nothing where the line is not whole, not JSON, or lacks one of the three. Strict otherwise: RFC 8259.
std::optional<ResultLine> read_result_line(std::string_view line);

}  // namespace portloop::lab
