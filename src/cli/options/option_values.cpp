#include "cli/options/option_values.hpp"

#include <charconv>
#include <vector>

#include "cli/exit_status.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

template <class Number>
bool read_whole(std::string_view word, Number& number) {
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  return error == std::errc{} && stop == end;
}

}  // namespace

uint64_t parse_number_option(std::string_view option, std::string_view word, uint64_t min, uint64_t max) {
  uint64_t number = 0;
  if (!read_whole(word, number) || number < min || number > max) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": a whole number from " + std::to_string(min) +
                     " to " + std::to_string(max) + " is accepted");
  }
  return number;
}

double parse_rate_option(std::string_view option, std::string_view word) {
  double rate = 0;
  if (!read_whole(word, rate) || !(rate > 0) || rate > 1e9) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) +
                     ": a number of connects per second above 0 is accepted");
  }
  return rate;
}

Shard parse_shard_option(std::string_view option, std::string_view word) {
  const size_t slash = word.find('/');
  uint32_t number = 0, count = 0;
  if (slash == std::string_view::npos || !read_whole(word.substr(0, slash), number) ||
      !read_whole(word.substr(slash + 1), count) || number < 1 || number > count) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": K/N with 1 <= K <= N is accepted, such as 2/8");
  }
  return {number, count};
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
