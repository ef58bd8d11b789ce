#include "fuzz/readers.hpp"

namespace portloop::fuzz {
namespace {

/// The code point at the start of `text`, which is taken; nullopt if it is not valid UTF-8.
std::optional<char32_t> take_code_point(std::string_view& text) {
  const auto byte = [&text](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto follows = [&byte](size_t i, uint8_t min = 0x80, uint8_t max = 0xbf) {
    return byte(i) >= min && byte(i) <= max;
  };
  // The table of RFC 3629, section 4.
  const uint8_t lead = byte(0);
  size_t length = 0;
  if (lead <= 0x7f)
    length = 1;
  else if (lead >= 0xc2 && lead <= 0xdf && follows(1))
    length = 2;
  else if (lead >= 0xe0 && lead <= 0xef && follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) &&
           follows(2))
    length = 3;
  else if (lead >= 0xf0 && lead <= 0xf4 && follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) &&
           follows(2) && follows(3))
    length = 4;
  if (length == 0 || length > text.size()) return std::nullopt;
  static constexpr uint8_t payload[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t code = lead & payload[length];
  for (size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3fU);
  text.remove_prefix(length);
  return code;
}

bool can_mislead(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0xad || code == 0x61c || code == 0x180e ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xfdd0 && code <= 0xfdef) ||
         (code & 0xfffe) == 0xfffe || (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe0fff);
}

}  // namespace

bool is_printable(std::string_view text, std::string_view also_allowed) {
  while (!text.empty()) {
    const char first = text.front();
    const auto code = take_code_point(text);
    if (!code || (can_mislead(*code) && also_allowed.find(first) == std::string_view::npos)) return false;
  }
  return true;
}

std::optional<std::string> raw_of_visible(std::string_view text) {
  if (!is_printable(text)) return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string raw;
  while (!text.empty()) {
    if (text.front() != '\\') {
      raw += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 4 || text[1] != 'x') return std::nullopt;
    const size_t high = digits.find(text[2]), low = digits.find(text[3]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    raw += static_cast<char>(high * 16 + low);
    text.remove_prefix(4);
  }
  return raw;
}

std::optional<std::vector<std::vector<std::string>>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  const auto end_cell = [&](std::string cell) {
    row.push_back(std::move(cell));
    if (text.starts_with(",")) {
      text.remove_prefix(1);
      return true;
    }
    if (!text.starts_with("\r\n")) return false;
    text.remove_prefix(2);
    rows.push_back(std::move(row));
    row.clear();
    return true;
  };
  while (!text.empty() || !row.empty()) {
    std::string cell;
    if (!text.starts_with("\"")) {
      const size_t end = text.find_first_of(",\"\r\n");
      if (end == std::string_view::npos) return std::nullopt;
      cell = text.substr(0, end);
      text.remove_prefix(end);
    } else {
      text.remove_prefix(1);
      for (;; text.remove_prefix(1)) {
        if (text.empty()) return std::nullopt;
        if (text.front() != '"') {
          cell += text.front();
          continue;
        }
        text.remove_prefix(1);
        if (!text.starts_with("\"")) break;
        cell += '"';
      }
    }
    if (!end_cell(std::move(cell))) return std::nullopt;
  }
  return rows;
}

}  // namespace portloop::fuzz
