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

/// The unit of a time that is given without one.
enum class TimeUnit : uint8_t { milliseconds, seconds };

/// A time such as 500ms, 1.5s, 10m, 2h or 1d, in milliseconds, from 1 to `max_ms`.
uint64_t parse_duration_option(std::string_view option, std::string_view word, TimeUnit unit, uint64_t max_ms);

/// A positive number of connects per second; fractions are allowed, and 10k and 1M are 10,000 and 1,000,000.
double parse_rate_option(std::string_view option, std::string_view word);

/// K/N with 1 <= K <= N.
Shard parse_shard_option(std::string_view option, std::string_view word);

/// All words of a command line as one line, quoted for a shell if needed.
std::string join_command_line(std::span<const std::string> words);
std::string join_command_line(int argc, const char* const* argv);

}  // namespace portloop
