// What cxxopts refuses, in our words: the option as it was typed, and what would have been right.
#pragma once

// As in given_options.hpp: it must be the same in every file.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include <string>

namespace portloop {

/// One line without its end; `help` is the command that lists the options, such as "portloop scan --help".
std::string option_error_text(const cxxopts::exceptions::exception& error, const cxxopts::Options& options, int argc,
                              const char* const* argv, const char* help);

}  // namespace portloop
