#include "cli/options/option_words.hpp"

#include <algorithm>

namespace portloop {
namespace {

/// The option with that long name or letter; nullptr if there is none.
const cxxopts::HelpOptionDetails* find_option(const cxxopts::Options& options, std::string_view name) {
  for (const cxxopts::HelpOptionDetails& option : options.group_help("").options) {
    if (option.s == name || std::find(option.l.begin(), option.l.end(), name) != option.l.end()) return &option;
  }
  return nullptr;
}

/// Flags, and options with an optional value, which is given with '=', never take the next word.
bool takes_value(const cxxopts::HelpOptionDetails& option) { return !option.has_implicit; }

std::string spelling(const cxxopts::HelpOptionDetails& option) {
  return option.l.empty() ? '-' + option.s : "--" + option.l.front();
}

/// The short options of one word: -q, -qr 9, -r9. Takes the next word if the last of them needs a value.
void add_short(const cxxopts::Options& options, const std::vector<std::string>& words, size_t& i,
               std::vector<OptionWord>& found) {
  const std::string& word = words[i];
  for (size_t letter = 1; letter < word.size(); ++letter) {
    const auto* option = find_option(options, std::string_view(word).substr(letter, 1));
    if (option == nullptr) return;
    found.push_back({spelling(*option), std::nullopt});
    if (!takes_value(*option)) continue;
    if (letter + 1 < word.size())
      found.back().value = word.substr(letter + 1);
    else if (i + 1 < words.size())
      found.back().value = words[++i];
    return;
  }
}

/// Appends -r9 as -r and 9, and -qr9 as -qr and 9. A word with an unknown letter stays as it is.
void append_split(const cxxopts::Options& options, const std::string& word, std::vector<std::string>& words) {
  words.push_back(word);
  if (word.size() < 3 || word[0] != '-' || word[1] == '-') return;
  for (size_t letter = 1; letter + 1 < word.size(); ++letter) {
    const auto* option = find_option(options, std::string_view(word).substr(letter, 1));
    if (option == nullptr) return;
    if (!takes_value(*option)) continue;
    words.back() = word.substr(0, letter + 1);
    words.push_back(word.substr(letter + 1));
    return;
  }
}

}  // namespace

cxxopts::ParseResult parse_command_line(cxxopts::Options& options, int argc, const char* const* argv) {
  std::vector<std::string> words;
  bool positional_only = false, is_value = false;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    positional_only = positional_only || (word == "--" && !is_value);
    if (i == 0 || positional_only || is_value) {
      words.push_back(word);
      is_value = false;
      continue;
    }
    append_split(options, word, words);
    // The next word is a value, whatever it looks like.
    const std::string& last = words.back();
    const bool is_option = last == word && last.size() >= 2 && last[0] == '-' && last.find('=') == std::string::npos;
    const auto* option = !is_option       ? nullptr
                         : last[1] == '-' ? find_option(options, std::string_view(last).substr(2))
                                          : find_option(options, std::string_view(last).substr(last.size() - 1));
    is_value = option != nullptr && takes_value(*option);
  }
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  return options.parse(static_cast<int>(pointers.size()), pointers.data());
}

std::vector<OptionWord> option_words(const cxxopts::Options& options, const std::vector<std::string>& words) {
  std::vector<OptionWord> found;
  bool positional_only = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (positional_only || word.size() < 2 || word[0] != '-') {
      found.push_back({"", word});
    } else if (word == "--") {
      positional_only = true;
    } else if (word[1] != '-') {
      add_short(options, words, i, found);
    } else {
      const size_t equals = word.find('=');
      const auto* option = find_option(options, std::string_view(word).substr(2, equals - 2));
      if (option == nullptr) continue;
      found.push_back({spelling(*option), std::nullopt});
      if (equals != std::string::npos)
        found.back().value = word.substr(equals + 1);
      else if (takes_value(*option) && i + 1 < words.size())
        found.back().value = words[++i];
    }
  }
  return found;
}

std::vector<OptionWord> without(std::vector<OptionWord> words, std::initializer_list<std::string_view> names) {
  std::erase_if(words, [names](const OptionWord& word) {
    return std::find(names.begin(), names.end(), word.option) != names.end();
  });
  return words;
}

std::vector<std::string> joined(const cxxopts::Options& options, const std::vector<OptionWord>& words) {
  std::vector<std::string> line;
  for (const OptionWord& word : words) {
    const auto* option =
        word.option.empty() ? nullptr : find_option(options, word.option.substr(word.option[1] == '-' ? 2 : 1));
    if (option != nullptr && word.value && !takes_value(*option)) {
      line.push_back(word.option + '=' + *word.value);
      continue;
    }
    if (!word.option.empty()) line.push_back(word.option);
    if (word.value) line.push_back(*word.value);
  }
  return line;
}

}  // namespace portloop
