// The words of a checkpoint's lines: any bytes, kept on one line without a blank.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/parse_number.hpp"

namespace portloop {

/// Appends a blank and the word; bytes outside of graphic ASCII and the backslash become \xNN, and nothing
/// at all becomes \e.
void append_word(std::string& line, std::string_view raw);

/// The words of one line, as they were before append_word(); nothing where an escape is not one.
std::optional<std::vector<std::string>> read_words(std::string_view line);

inline std::optional<uint64_t> read_count(std::string_view word) { return parse_number<uint64_t>(word); }

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): tells texts apart that differ by accident,
/// not by intent. Feed a text in pieces by handing the last answer on.
constexpr uint64_t fnv_start = 0xcbf29ce484222325;
constexpr uint64_t fnv_hash(std::string_view bytes, uint64_t hash = fnv_start) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

/// 16 digits.
std::string hash_text(uint64_t hash);

}  // namespace portloop
