// The true states of a simulated network, from portloop-lab.
#pragma once

#include <string>

#include "compare/correctness.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop::compare {

/// Returns the path of portloop-lab beside the program at `own_path`, or its bare name to be found in PATH.
std::string find_lab_program(const std::string& own_path);

/// Parses the output of `portloop-lab PROFILE --truth`. Returns nullopt if a line is invalid or a probe has no line.
std::optional<Verdicts> read_truth(std::string_view lines, const TargetSet& targets, const PortSet& ports);

}  // namespace portloop::compare
