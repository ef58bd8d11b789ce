#include "core/visible_text.hpp"

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "core/record_line.hpp"
#include "doctest/doctest.h"

using namespace portloop;

namespace {

std::string utf8(char32_t code) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  std::string text{byte(0x80 | (code & 0x3f))};
  if (code < 0x800) return byte(0xc0 | code >> 6) + text;
  text.insert(0, 1, byte(0x80 | (code >> 6 & 0x3f)));
  if (code < 0x10000) return byte(0xe0 | code >> 12) + text;
  text.insert(0, 1, byte(0x80 | (code >> 12 & 0x3f)));
  return byte(0xf0 | code >> 18) + text;
}

}  // namespace

TEST_CASE("the escapes of JSON are undone, in UTF-8 of one to four bytes") {
  CHECK(parse_json_string(R"(\u0041)") == "A");
  CHECK(parse_json_string(R"(\u007f\u0080)") == "\x7f\xc2\x80");
  CHECK(parse_json_string(R"(\u07ff\u0800)") == "\xdf\xbf\xe0\xa0\x80");
  CHECK(parse_json_string(R"(\ud7ff\ue000\uffff)") == "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
  CHECK(parse_json_string(R"(\ud800\udc00)") == "\xf0\x90\x80\x80");
  CHECK(parse_json_string(R"(a\udbff\udfffz)") == "a\xf4\x8f\xbf\xbfz");
  CHECK(parse_json_string(R"(\"\/\b\f\n\r\t)") == "\"/\b\f\n\r\t");
}

TEST_CASE("half of a surrogate pair, or a cut or unknown escape, is no JSON string") {
  for (const char* wrong : {R"(\ud800)", R"(\udc00)", R"(\udfff\ud800)", R"(\ud800\u0041)", R"(\ud800\ue000)",
                            R"(\ud800\udbff)", R"(\ud800x)", R"(\u12)", R"(\u12g4)", R"(\u)", R"(\x41)", "\\"}) {
    CAPTURE(wrong);
    const std::vector<char> exact(wrong,
                                  wrong + std::strlen(wrong));  // AddressSanitizer reports what reads past its end
    CHECK_FALSE(parse_json_string({exact.data(), exact.size()}));
  }
}

TEST_CASE("what append_json_string() escapes, parse_json_string() gives back") {
  for (const std::string& raw :
       {std::string("\0\x1f\x7f\x80\xff", 5), std::string(R"(\x41 " /)"), std::string("é 世 😀")}) {
    std::string text;
    append_json_string(text, raw);
    REQUIRE(text.size() >= 2);
    CHECK(parse_json_string(std::string_view(text).substr(1, text.size() - 2)) == raw);
  }
  CHECK_FALSE(parse_json_string(R"(\\x4)"));
  CHECK_FALSE(parse_json_string(R"(\\y41)"));
  CHECK_FALSE(parse_json_string(R"(\\x4g)"));
}

TEST_CASE("bytes that only look like UTF-8 are escaped one by one") {
  const auto visible = [](std::string_view raw) {
    std::string text;
    append_visible(text, raw);
    return text;
  };
  CHECK(visible("\xc1\xbf") == R"(\xc1\xbf)");                  // overlong
  CHECK(visible("\xe0\x9f\xbf") == R"(\xe0\x9f\xbf)");          // overlong
  CHECK(visible("\xf0\x8f\xbf\xbf") == R"(\xf0\x8f\xbf\xbf)");  // overlong
  CHECK(visible("\xdf\xbf") == "\xdf\xbf");                     // the last of two bytes
  CHECK(visible("\xe0\xa0\x80") == "\xe0\xa0\x80");             // the first of three
  CHECK(visible("\xf0\x90\x80\x80") == "\xf0\x90\x80\x80");     // the first of four
  CHECK(visible("\xed\xa0\x80") == R"(\xed\xa0\x80)");          // a surrogate
  CHECK(visible("\xed\xbf\xbf") == R"(\xed\xbf\xbf)");          // the last surrogate
  CHECK(visible("\xee\x80\x80") == "\xee\x80\x80");             // the first character above them
  CHECK(visible("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");  // above U+10FFFF
  CHECK(visible("\xf4\x8f\xbf\xbd") == "\xf4\x8f\xbf\xbd");     // U+10FFFD
  CHECK(visible("\xf5\x80\x80\x80") == R"(\xf5\x80\x80\x80)");
  CHECK(visible("\xc3") == R"(\xc3)");                                          // cut
  CHECK(visible("\xe4\xb8") == R"(\xe4\xb8)");                                  // cut
  CHECK(visible("\xc3(") == R"(\xc3()");                                        // no continuation
  CHECK(visible("\xef\xbf\xbe\xef\xbf\xbf") == R"(\xef\xbf\xbe\xef\xbf\xbf)");  // noncharacters
}

TEST_CASE("each range of invisible characters is escaped from its first to its last, and its neighbours are not") {
  constexpr std::pair<char32_t, char32_t> ranges[] = {
      {0x0000, 0x001f},   {0x007f, 0x009f},    {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
      {0x115f, 0x1160},   {0x17b4, 0x17b5},    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
      {0x2060, 0x206f},   {0x3164, 0x3164},    {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
      {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3},  {0x1d173, 0x1d17a}, {0xdfffe, 0xe0fff}, {0xfffe, 0xffff},
      {0x1fffe, 0x1ffff}, {0x10fffe, 0x10ffff}};
  const auto is_shown = [](char32_t code) {
    const std::string raw = utf8(code);
    return visible_length(raw) == raw.size();
  };
  for (const auto& range : ranges) {
    const char32_t first = range.first, last = range.second;
    CAPTURE(static_cast<uint32_t>(first));
    for (char32_t code = first; code <= last; ++code) CHECK_FALSE(is_shown(code));
    if (first > 0) CHECK(is_shown(first - 1));
    if (last < 0x10ffff) CHECK(is_shown(last + 1));
  }
}

TEST_CASE("a hash is written as 16 digits, leading zeros included") {
  CHECK(hash_text(0x0123456789abcdef) == "0123456789abcdef");
  CHECK(hash_text(0) == "0000000000000000");
  CHECK(hash_text(std::numeric_limits<uint64_t>::max()) == "ffffffffffffffff");
}

TEST_CASE("the words of a record are read as they were written; a wrong escape is refused") {
  std::string line;
  const std::vector<std::string> words = {"", "a b", "\\", "\x7f\x80", "~!", "\n"};
  for (const std::string& word : words) append_word(line, word);
  CHECK(line == R"( \e a\x20b \x5c \x7f\x80 ~! \x0a)");
  CHECK(read_words(line) == words);
  for (const char* wrong : {R"(\)", R"(\x)", R"(\x4)", R"(\x4g)", R"(\xg4)", R"(\y41)", R"(a\e)"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_words(wrong));
  }
}
