#include "cli/options/option_error.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/spec_error.hpp"

namespace portloop {
namespace {

/// cxxopts gives the option's name only inside its message, between its own quotation marks. Empty if there is none.
std::string name_in(std::string_view message) {
  const size_t start = message.find(cxxopts::LQUOTE);
  if (start == std::string_view::npos) return "";
  const size_t name = start + cxxopts::LQUOTE.size();
  const size_t end = message.rfind(cxxopts::RQUOTE);
  return end == std::string_view::npos || end < name ? "" : std::string(message.substr(name, end - name));
}

/// The whole word that contains an unknown option: -Pn for its P; --prots for --prots=80.
std::string typed_word(const std::string& name, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word.starts_with("--") && word.substr(2, word.find('=') - 2) == name) return "--" + name;
    if (!word.starts_with("--") && word.starts_with("-") && name.size() == 1 &&
        word.find(name[0]) != std::string_view::npos)
      return std::string(word);
  }
  return name;
}

/// Never suggested: names of positional arguments, and options that the commands pass to themselves.
constexpr std::array<std::string_view, 4> internal_options = {"target", "file", "one-run", "inside-lab"};

/// The number of letters that have to be inserted, removed, changed or swapped with their neighbour.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> distance(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      size_t& here = distance[i][j];
      here = std::max(i, j);
      if (i == 0 || j == 0) continue;
      here =
          std::min({distance[i - 1][j] + 1, distance[i][j - 1] + 1, distance[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        here = std::min(here, distance[i - 2][j - 2] + 1);
    }
  }
  return distance[a.size()][b.size()];
}

/// The option that was probably meant, if `name` is a mistyped, shortened or lengthened one; else empty.
std::string closest_option(const std::string& name, const cxxopts::Options& options) {
  constexpr size_t max_length = 40, max_mistakes = 2;
  if (name.size() < 3 || name.size() > max_length) return "";
  std::string closest;
  size_t min_distance = max_length;
  for (const auto& option : options.group_help("").options) {
    for (const std::string& known : option.l) {
      const size_t distance = edit_distance(name, known);
      const bool likely = distance <= max_mistakes || known.starts_with(name) || name.starts_with(known);
      const bool offered = known.size() > 1 &&
                           std::find(internal_options.begin(), internal_options.end(), known) == internal_options.end();
      if (!likely || !offered || distance >= min_distance) continue;
      closest = known;
      min_distance = distance;
    }
  }
  return closest;
}

}  // namespace

std::string option_error_text(const cxxopts::exceptions::exception& error, const cxxopts::Options& options, int argc,
                              const char* const* argv, const char* help) {
  const std::string hint = ": '" + std::string(help) + "' lists the options";
  const std::string name = name_in(error.what());
  if (dynamic_cast<const cxxopts::exceptions::no_such_option*>(&error) != nullptr) {
    const std::string closest = closest_option(name, options);
    return quote_word(typed_word(name, argc, argv)) + " is not an option" +
           (closest.empty() ? "" : ", --" + closest + " is") + hint;
  }
  if (dynamic_cast<const cxxopts::exceptions::missing_argument*>(&error) != nullptr) {
    return quote_word((name.size() == 1 ? "-" : "--") + name) + " needs a value" + hint;
  }
  if (dynamic_cast<const cxxopts::exceptions::invalid_option_syntax*>(&error) != nullptr)
    return quote_word(name) + " is not an option" + hint;
  return quote_word(error.what()) + hint;
}

}  // namespace portloop
