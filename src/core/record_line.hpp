// The words of a checkpoint's lines. A word can contain any bytes: blanks and line ends are escaped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portloop {

/// Appends a blank and the word. The backslash and bytes that are not graphic ASCII become \xNN; an empty word becomes
/// \e.
void append_word(std::string& line, std::string_view raw);

/// The inverse of append_word(): the raw words of one line, or nullopt if one has an invalid escape.
std::optional<std::vector<std::string>> read_words(std::string_view line);

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): detects accidental changes, not intended ones. To hash
/// a text in pieces, pass the previous result as `hash`.
constexpr uint64_t fnv_start = 0xcbf29ce484222325;
constexpr uint64_t fnv_hash(std::string_view bytes, uint64_t hash = fnv_start) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

/// 16 hexadecimal digits.
std::string hash_text(uint64_t hash);

}  // namespace portloop
