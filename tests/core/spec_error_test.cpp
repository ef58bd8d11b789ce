#include "core/spec_error.hpp"

#include "doctest/doctest.h"

using namespace portloop;

TEST_CASE("a quoted word has graphic ASCII as it is, and every other byte as two digits") {
  CHECK(quote_word("") == "''");
  CHECK(quote_word("10.0.0.300") == "'10.0.0.300'");
  CHECK(quote_word(" ~") == "' ~'");
  CHECK(quote_word("\x1f\x7f\x80\xff\n") == R"('\x1f\x7f\x80\xff\x0a')");
}

TEST_CASE("a quoted word is cut after 80 bytes") {
  const std::string eighty(80, 'a');
  CHECK(quote_word(eighty) == '\'' + eighty + '\'');
  CHECK(quote_word(eighty + 'b') == '\'' + eighty + "...'");
}
