// Reads the values of options. Each throws a UsageError that names the option, quotes the word and says what
// is accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace portloop {

/// A whole number from `lowest` to `highest`.
uint64_t read_number(std::string_view option, std::string_view word, uint64_t lowest, uint64_t highest);

/// A positive number, a fraction allowed.
double read_rate(std::string_view option, std::string_view word);

/// K/N with 1 <= K <= N.
std::pair<uint32_t, uint32_t> read_shard(std::string_view option, std::string_view word);

/// All words of a command line as one line, quoted for a shell where needed.
std::string join_command_line(int argc, const char* const* argv);

}  // namespace portloop
