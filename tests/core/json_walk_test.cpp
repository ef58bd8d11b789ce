#include "core/json_walk.hpp"

#include <string>

#include "doctest/doctest.h"

using namespace portloop;

namespace {

/// Whether the whole text is one value.
bool is_value(std::string_view text) {
  JsonWalk walk(text);
  std::string_view content;
  return walk.take_value(content) && walk.at_end();
}

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("values as RFC 8259 defines them") {
  for (const char* good :
       {"0", "-0", "10", "1.5", "-1.25e+10", "1e5", "1E-5", "0.0", "true", "false", "null", R"("")",
        R"("a\"\\\/\b\f\n\r\t")", R"("\u0000\uFFff\u09aF")", "[]", "[ 1 ,\t2\r]", "{}", R"({"a":1,"b":[{}]})", " 1 "}) {
    CAPTURE(good);
    CHECK(is_value(good));
  }
  for (const char* wrong : {"",        " ",        "01",       "-",         "+1",          ".5",         "1.",
                            "1.e5",    "1e",       "1e+",      "tru",       "nul",         "truex",      R"(")",
                            R"("a)",   R"("\)",    R"("\")",   R"("\x41")", R"("\u00g0")", R"("\u123")", R"("\u12)",
                            "\"\t\"",  "\"\x1f\"", "[",        "[1",        "[1,",         "[1,]",       "[,1]",
                            "]",       "{",        R"({"a"})", R"({"a":})", R"({"a":1,})", R"({a:1})",   R"({1:1})",
                            R"({:1})", "[1}",      "1 2",      "1\n",       "nul l"}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_value(wrong));
  }
}

TEST_CASE("lists may be nested 33 deep, so that no text can exhaust the stack") {
  CHECK(is_value(nested(33)));
  CHECK_FALSE(is_value(nested(34)));
  CHECK_FALSE(is_value(nested(100'000)));
  CHECK_FALSE(is_value(std::string(100'000, '[')));
}

TEST_CASE("the text of a value is what it was, without blanks around it") {
  JsonWalk walk(R"( { "name" : [ 1, "x" ] , "text":"a\u0041" } )");
  std::string_view content;
  CHECK(walk.take('{'));
  CHECK(walk.take_string(content));
  CHECK(content == "name");
  CHECK(walk.take(':'));
  CHECK_FALSE(walk.next_is('"'));
  CHECK(walk.take_value(content));
  CHECK(content == R"([ 1, "x" ])");
  CHECK_FALSE(walk.take('}'));
  CHECK(walk.take(','));
  CHECK(walk.take_string(content));
  CHECK(walk.take(':'));
  CHECK(walk.next_is('"'));
  CHECK(walk.take_value(content));
  CHECK(content == R"(a\u0041)");
  CHECK_FALSE(walk.at_end());
  CHECK(walk.take('}'));
  CHECK(walk.at_end());
  CHECK_FALSE(walk.take('}'));
  CHECK_FALSE(walk.next_is('}'));
}
