// What the commands have in common when they parse their command line.
#pragma once

#include <cstdio>
#include <optional>
#include <type_traits>

#include "cli/exit_status.hpp"
#include "cli/options/cxxopts.hpp"
#include "cli/options/option_error.hpp"
#include "cli/options/option_words.hpp"

namespace portloop {

/// Returns what `parse` makes of the options that are given, or nullopt if --help was given; then prints `help_text`.
/// Throws UsageError. `options` are named after their command, such as "portloop diff".
template <class Parse>
auto parse_or_help(cxxopts::Options& options, int argc, const char* const* argv, const char* help_text, Parse parse)
    -> std::optional<std::invoke_result_t<Parse, const cxxopts::ParseResult&>> {
  try {
    const cxxopts::ParseResult given = parse_command_line(options, argc, argv);
    if (given.count("help") == 0) return parse(given);
    std::puts(help_text);
    return std::nullopt;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError(option_error_text(error, options, argc, argv, (options.program() + " --help").c_str()));
  }
}

}  // namespace portloop
