#include "cli/options/option_values.hpp"

#include <charconv>

#include "cli/usage.hpp"
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

uint64_t read_number(std::string_view option, std::string_view word, uint64_t lowest, uint64_t highest) {
  uint64_t number = 0;
  if (!read_whole(word, number) || number < lowest || number > highest) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": a whole number from " + std::to_string(lowest) +
                     " to " + std::to_string(highest) + " is accepted");
  }
  return number;
}

double read_rate(std::string_view option, std::string_view word) {
  double rate = 0;
  if (!read_whole(word, rate) || !(rate > 0) || rate > 1e9) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) +
                     ": a number of connects per second above 0 is accepted");
  }
  return rate;
}

std::pair<uint32_t, uint32_t> read_shard(std::string_view option, std::string_view word) {
  const size_t slash = word.find('/');
  uint32_t number = 0, count = 0;
  if (slash == std::string_view::npos || !read_whole(word.substr(0, slash), number) ||
      !read_whole(word.substr(slash + 1), count) || number < 1 || number > count) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": K/N with 1 <= K <= N is accepted, such as 2/8");
  }
  return {number, count};
}

std::string join_command_line(int argc, const char* const* argv) {
  static constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=@%+[]";
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (i > 0) line += ' ';
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

}  // namespace portloop
