// Parses the values of options. Each function throws a UsageError that names the option, quotes the word and lists
// what is accepted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/probe_order.hpp"

namespace portloop {

/// A whole number from `min` to `max`.
uint64_t parse_number_option(std::string_view option, std::string_view word, uint64_t min, uint64_t max);

/// A positive number of connects per second; fractions are allowed.
double parse_rate_option(std::string_view option, std::string_view word);

/// K/N with 1 <= K <= N.
Shard parse_shard_option(std::string_view option, std::string_view word);

/// All words of a command line as one line, quoted for a shell if needed.
std::string join_command_line(std::span<const std::string> words);
std::string join_command_line(int argc, const char* const* argv);

}  // namespace portloop
