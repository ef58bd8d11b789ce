#include "core/visible_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/parse_number.hpp"

namespace portloop {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

/// Sorted. Unicode's invisible control and format characters (Cc, Cf), line and paragraph separators (Zl, Zp), and the
/// noncharacters below U+FFFE. The last two code points of every plane are noncharacters too; is_visible() tests for
/// them.
constexpr auto invisible = std::to_array<CodeRange>({
    {0x0000, 0x001f},    // C0
    {0x007f, 0x009f},    // DEL, C1: to some terminals 0x9b is "escape ["
    {0x00ad, 0x00ad},    // soft hyphen
    {0x034f, 0x034f},    // combining grapheme joiner
    {0x061c, 0x061c},    // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x17b4, 0x17b5},    // Khmer inherent vowels
    {0x180b, 0x180f},    // Mongolian selectors and vowel separator
    {0x200b, 0x200f},    // zero width, left-to-right and right-to-left marks
    {0x2028, 0x202e},    // line and paragraph separators, bidi embeddings and overrides
    {0x2060, 0x206f},    // word joiner, invisible operators, bidi isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xfdd0, 0xfdef},    // noncharacters
    {0xfeff, 0xfeff},    // byte order mark
    {0xffa0, 0xffa0},    // half-width Hangul filler
    {0xfff0, 0xfffb},    // unassigned specials, interlinear annotations
    {0x1bca0, 0x1bca3},  // shorthand format controls
    {0x1d173, 0x1d17a},  // musical format controls
    {0xe0000, 0xe0fff},  // tags
});

bool is_visible(char32_t code) {
  if ((code & 0xfffe) == 0xfffe) return false;
  const auto* range = std::lower_bound(invisible.begin(), invisible.end(), code,
                                       [](const CodeRange& r, char32_t c) { return r.last < c; });
  return range == invisible.end() || code < range->first;
}

struct Decoded {
  size_t length = 0;  // 0 if not UTF-8
  char32_t code = 0;
};

Decoded decode_utf8(std::string_view raw) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(raw[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || raw.size() < length) return {};
  char32_t code = lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> lowest_of_length = {0, 0, 0x80, 0x800, 0x10000};
  const bool overlong = code < lowest_of_length[length];
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {length, code};
}

void append_escaped(std::string& out, char raw) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(raw);
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 0xf];
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static constexpr unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(lead[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
}

/// Takes one \uXXXX from the start of `text`.
std::optional<uint32_t> take_utf16_unit(std::string_view& text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  const auto unit = parse_hex<uint32_t>(text.substr(2, 4));
  text.remove_prefix(6);
  return unit;
}

/// Takes the \uXXXX at the start of `text`, and the second half of a surrogate pair after it.
bool take_unicode_escape(std::string_view& text, std::string& out) {
  const auto unit = take_utf16_unit(text);
  if (!unit || (*unit >= 0xdc00 && *unit < 0xe000)) return false;
  if (*unit < 0xd800 || *unit >= 0xdc00) {
    append_utf8(out, *unit);
    return true;
  }
  const auto low = take_utf16_unit(text);
  if (!low || *low < 0xdc00 || *low >= 0xe000) return false;
  append_utf8(out, 0x10000 + ((*unit - 0xd800) << 10 | (*low - 0xdc00)));
  return true;
}

/// Undoes RFC 8259's escapes.
std::optional<std::string> unescape_json(std::string_view text) {
  static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out += text[0];
      text.remove_prefix(1);
    } else if (text.size() > 1 && text[1] == 'u') {
      if (!take_unicode_escape(text, out)) return std::nullopt;
    } else {
      const size_t letter = text.size() > 1 ? letters.find(text[1]) : std::string_view::npos;
      if (letter == std::string_view::npos) return std::nullopt;
      out += meant[letter];
      text.remove_prefix(2);
    }
  }
  return out;
}

}  // namespace

size_t visible_length(std::string_view raw) {
  if (raw.empty() || raw[0] == '\\') return 0;
  const Decoded decoded = decode_utf8(raw);
  return decoded.length != 0 && is_visible(decoded.code) ? decoded.length : 0;
}

void append_visible(std::string& out, std::string_view raw, std::string_view also) {
  while (!raw.empty()) {
    const size_t length = visible_length(raw);
    if (length == 0 || also.find(raw[0]) != also.npos) {
      append_escaped(out, raw[0]);
      raw.remove_prefix(1);
    } else {
      out.append(raw, 0, length);
      raw.remove_prefix(length);
    }
  }
}

void append_json_string(std::string& out, std::string_view raw) {
  std::string visible;
  append_visible(visible, raw);
  out += '"';
  for (const char c : visible) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_json_string_or_null(std::string& out, std::string_view raw) {
  if (raw.empty())
    out += "null";
  else
    append_json_string(out, raw);
}

std::optional<std::string> parse_json_string(std::string_view content) {
  const auto visible = unescape_json(content);
  if (!visible) return std::nullopt;
  std::string raw;
  for (size_t i = 0; i < visible->size(); ++i) {
    if ((*visible)[i] != '\\') {
      raw += (*visible)[i];
      continue;
    }
    // A backslash itself is written \x5c, so only \xNN can follow one.
    const bool is_escape = i + 3 < visible->size() && (*visible)[i + 1] == 'x';
    const auto byte = is_escape ? parse_hex<uint8_t>(std::string_view(*visible).substr(i + 2, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    raw += static_cast<char>(*byte);
    i += 3;
  }
  return raw;
}

}  // namespace portloop
