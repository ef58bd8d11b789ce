#include "cli/options/option_values.hpp"

#include <vector>

#include "cli/exit_status.hpp"
#include "core/parse_number.hpp"
#include "core/spec_error.hpp"

namespace portloop {

uint64_t parse_number_option(std::string_view option, std::string_view word, uint64_t min, uint64_t max) {
  const auto number = parse_number<uint64_t>(word, min, max);
  if (!number) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": a whole number from " + std::to_string(min) +
                     " to " + std::to_string(max) + " is accepted");
  }
  return *number;
}

double parse_rate_option(std::string_view option, std::string_view word) {
  const auto rate = parse_number<double>(word, 0, 1e9);
  if (!rate || *rate == 0) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) +
                     ": a number of connects per second above 0 is accepted");
  }
  return *rate;
}

Shard parse_shard_option(std::string_view option, std::string_view word) {
  const size_t slash = word.find('/');
  const auto number = parse_number<uint32_t>(word.substr(0, slash));
  const auto count = slash == std::string_view::npos ? std::nullopt : parse_number<uint32_t>(word.substr(slash + 1));
  if (!number || !count || *number < 1 || *number > *count) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": K/N with 1 <= K <= N is accepted, such as 2/8");
  }
  return {*number, *count};
}

std::string join_command_line(std::span<const std::string> words) {
  static constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=@%+[]";
  std::string line;
  for (const std::string& word : words) {
    if (&word != &words.front()) line += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      if (c == '\'')
        line += "'\\''";
      else
        line += c;
    }
    line += '\'';
  }
  return line;
}

std::string join_command_line(int argc, const char* const* argv) {
  return join_command_line(std::vector<std::string>(argv, argv + argc));
}

}  // namespace portloop
