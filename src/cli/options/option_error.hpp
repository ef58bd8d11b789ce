// Error messages for what cxxopts refuses: they quote the option as it was typed and suggest the closest one.
#pragma once

#include <string>

#include "cli/options/cxxopts.hpp"

namespace portloop {

/// One line without a line end. `help` is the command that lists the options, such as "portloop scan --help".
std::string option_error_text(const cxxopts::exceptions::exception& error, const cxxopts::Options& options, int argc,
                              const char* const* argv, const char* help);

}  // namespace portloop
