#include "cli/options/nmap_habits.hpp"

#include <array>
#include <string_view>

#include "cli/options/option_values.hpp"
#include "core/spec_error.hpp"

namespace portloop {
namespace {

/// What may follow the option's name in the same word.
enum class Tail : uint8_t {
  nothing,
  value,   ///< '=' and a value; or the value is the next word
  digit,   ///< -T4
  letters  ///< -PS22,80
};

struct Habit {
  std::string_view name;
  Tail tail;
  std::string_view hint;  ///< "{}" is the next word, or the value behind '='; "FILE" or "N" if there is none.
  std::string_view placeholder{};
};

// Options with the same name and meaning here, such as -p and --exclude, are not in the table.
constexpr auto habits = std::to_array<Habit>({
    {"-sT", Tail::nothing, "TCP connects are what portloop makes, leave it out"},
    {"-sS", Tail::nothing, "portloop makes whole connects, without root, leave it out"},
    {"-sU", Tail::nothing, "portloop scans TCP only"},
    {"-sV", Tail::nothing, "portloop does not identify versions, --banners reads what open ports send"},
    {"-sC", Tail::nothing, "portloop runs no scripts, --banners reads what open ports send"},
    {"--script", Tail::value, "portloop runs no scripts, --banners reads what open ports send"},
    {"-A", Tail::nothing, "portloop does not identify versions or systems, --banners reads what open ports send"},
    {"-O", Tail::nothing, "portloop does not identify systems, leave it out"},
    {"-sn", Tail::nothing, "a port is always scanned, --discover scans only the addresses that answer"},
    {"-sP", Tail::nothing, "a port is always scanned, --discover scans only the addresses that answer"},
    {"-Pn", Tail::nothing, "all targets are scanned unless --discover is given, leave it out"},
    {"-PN", Tail::nothing, "all targets are scanned unless --discover is given, leave it out"},
    {"-P0", Tail::nothing, "all targets are scanned unless --discover is given, leave it out"},
    {"-P", Tail::letters, "portloop sends no pings, --discover scans only the addresses that answer"},
    {"-T", Tail::digit, "the timing adapts to the network, leave it out; --rate, --in-flight and --timeout limit it"},
    {"-n", Tail::nothing, "addresses are never looked up, leave it out"},
    {"-R", Tail::nothing, "addresses are never looked up, leave it out"},
    {"-F", Tail::nothing, "common ports are the default, leave it out"},
    {"--top-ports", Tail::value, "common ports are the default, leave it out"},
    {"-oX", Tail::value, "write '-o xml={}'", "FILE"},
    {"-oG", Tail::value, "write '-o grepable={}'", "FILE"},
    {"-oN", Tail::value, "write '-o text={}'", "FILE"},
    {"-oA", Tail::value, "write '--output-all {}'", "BASE"},
    {"-iL", Tail::value, "write '-i {}'", "FILE"},
    {"--excludefile", Tail::value, "write '--exclude-file {}'", "FILE"},
    {"--open", Tail::nothing, "only open ports are listed unless --show all is given, leave it out"},
    {"--reason", Tail::nothing, "'--show all' and the formats json and csv have the reasons"},
    {"--min-rate", Tail::value, "the rate adapts to the network, leave it out"},
    {"--max-rate", Tail::value, "write '--rate {}'", "N"},
    {"--max-retries", Tail::value, "write '--retries {}'", "N"},
    {"--max-rtt-timeout", Tail::value, "write '--timeout {}'", "TIME"},
    {"--min-parallelism", Tail::value, "the number in flight adapts to the network, leave it out"},
    {"--max-parallelism", Tail::value, "write '--in-flight {}'", "N"},
    {"-e", Tail::value, "write '--interface {}'", "NAME"},
    {"-S", Tail::value, "write '--source {}'", "ADDRESS"},
    {"--host-timeout", Tail::value, "'--max-time TIME' limits the whole scan"},
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool matches(const Habit& habit, std::string_view word) {
  if (!word.starts_with(habit.name)) return false;
  const std::string_view rest = word.substr(habit.name.size());
  switch (habit.tail) {
    case Tail::nothing: return rest.empty();
    case Tail::value: return rest.empty() || rest[0] == '=';
    case Tail::digit: return rest.size() == 1 && is_digit(rest[0]);
    case Tail::letters: return !rest.empty() && rest[0] >= 'A' && rest[0] <= 'Z';
  }
  return false;
}

/// The hint with the value that was typed, if it fits into one quoted word of the line.
std::string with_value(const Habit& habit, std::string_view word, const std::string* next) {
  std::string value(habit.placeholder);
  if (const std::string_view rest = word.substr(habit.name.size()); rest.size() > 1)
    value = rest.substr(1);
  else if (next != nullptr && !next->starts_with('-'))
    value = *next;
  const std::vector<std::string> one{value};
  const bool plain = value.size() <= 100 && join_command_line(one) == value;
  std::string hint(habit.hint);
  for (size_t place = hint.find("{}"); place != std::string::npos; place = hint.find("{}"))
    hint.replace(place, 2, plain ? value : std::string(habit.placeholder));
  return hint;
}

}  // namespace

std::optional<std::string> nmap_hint(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    for (const Habit& habit : habits) {
      if (!matches(habit, words[i])) continue;
      const std::string* next = i + 1 < words.size() ? &words[i + 1] : nullptr;
      return quote_word(words[i]) + " is an option of nmap: " + with_value(habit, words[i], next);
    }
  }
  return std::nullopt;
}

}  // namespace portloop
