#include "cli/options/option_values.hpp"

#include <cmath>
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

namespace {

struct Unit {
  std::string_view name;
  double size;
};

constexpr Unit time_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

}  // namespace

uint64_t parse_duration_option(std::string_view option, std::string_view word, TimeUnit unit, uint64_t max_ms) {
  const bool in_seconds = unit == TimeUnit::seconds;
  std::string_view rest = word;
  const auto number = take_number<double>(rest);
  double ms = number.value_or(-1) * (in_seconds ? 1000 : 1);
  bool known = rest.empty();
  for (const Unit& candidate : time_units) {
    if (rest != candidate.name) continue;
    ms = number.value_or(-1) * candidate.size;
    known = true;
  }
  if (!known || !(ms >= 1 && ms <= static_cast<double>(max_ms)) || ms != std::floor(ms)) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) + ": a time up to " + std::to_string(max_ms / 1000) +
                     "s is accepted, such as 500ms, 2s or 1m; without a unit it is in " +
                     (in_seconds ? "seconds" : "milliseconds"));
  }
  return static_cast<uint64_t>(ms);
}

double parse_rate_option(std::string_view option, std::string_view word) {
  constexpr double max_rate = 1e9;
  std::string_view rest = word;
  double rate = take_number<double>(rest).value_or(0);
  if (rest == "k") rate *= 1e3;
  if (rest == "M") rate *= 1e6;
  if (!(rate > 0 && rate <= max_rate) || (!rest.empty() && rest != "k" && rest != "M")) {
    throw UsageError(std::string(option) + ' ' + quote_word(word) +
                     ": a number of connects per second above 0 is accepted, such as 500 or 10k");
  }
  return rate;
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
