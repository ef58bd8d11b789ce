// The right answer of a simulated network, as portloop-lab tells it.
#pragma once

#include <string>

#include "compare/correctness.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop::compare {

/// Beside this program, or else in PATH by its name alone.
std::string find_lab_program();

/// Reads the lines of `portloop-lab PROFILE --truth`. Nothing where one can't be read, or a probe has none.
std::optional<Verdicts> read_truth(std::string_view lines, const TargetSet& targets, const PortSet& ports);

}  // namespace portloop::compare
