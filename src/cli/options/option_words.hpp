// The words of a command line in one spelling, so that two command lines can be compared: -qr 9, -q -r9 and
// --quiet --rate=9 are the same options.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options/cxxopts.hpp"

namespace portloop {

/// options.parse(), for which -p22,80 is -p 22,80: without regular expressions, cxxopts knows no value with a comma, a
/// slash or an equals sign in the same word.
cxxopts::ParseResult parse_command_line(cxxopts::Options& options, int argc, const char* const* argv);

/// One option with its value, or one positional word, whose `option` is empty.
struct OptionWord {
  std::string option;  ///< "--ports"; "-4" if it has no long name.
  std::optional<std::string> value;
  friend bool operator==(const OptionWord&, const OptionWord&) = default;
};

/// `words`: without the command's name; `options` have accepted them.
std::vector<OptionWord> option_words(const cxxopts::Options& options, const std::vector<std::string>& words);

/// Without the options in `names`.
std::vector<OptionWord> without(std::vector<OptionWord> words, std::initializer_list<std::string_view> names);

/// A command line of these words.
std::vector<std::string> joined(const cxxopts::Options& options, const std::vector<OptionWord>& words);

}  // namespace portloop
