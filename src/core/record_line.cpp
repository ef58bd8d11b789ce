#include "core/record_line.hpp"

#include <algorithm>

namespace portloop {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::optional<std::string> unescape(std::string_view word) {
  if (word == "\\e") return std::string();
  std::string raw;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '\\') {
      raw += word[i];
      continue;
    }
    if (i + 3 >= word.size() || word[i + 1] != 'x') return std::nullopt;
    const size_t high = digits.find(word[i + 2]), low = digits.find(word[i + 3]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    raw += static_cast<char>(high << 4 | low);
    i += 3;
  }
  return raw;
}

}  // namespace

void append_word(std::string& line, std::string_view raw) {
  line += ' ';
  if (raw.empty()) line += "\\e";
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\') {
      line += c;
    } else {
      line += "\\x";
      line += digits[byte >> 4];
      line += digits[byte & 15];
    }
  }
}

std::optional<std::vector<std::string>> read_words(std::string_view line) {
  std::vector<std::string> words;
  for (size_t start = line.find_first_not_of(' '); start != std::string_view::npos;) {
    const size_t end = std::min(line.find(' ', start), line.size());
    auto word = unescape(line.substr(start, end - start));
    if (!word) return std::nullopt;
    words.push_back(std::move(*word));
    start = line.find_first_not_of(' ', end);
  }
  return words;
}

std::string hash_text(uint64_t hash) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[hash >> shift & 15];
  return text;
}

}  // namespace portloop
