#include "core/parse_number.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace portloop;

TEST_CASE("a number is the whole text") {
  CHECK(parse_number<uint64_t>("18446744073709551615") == UINT64_MAX);
  CHECK(parse_number<int64_t>("-9223372036854775808") == INT64_MIN);
  CHECK(parse_number<uint16_t>("007") == 7);
  for (const char* wrong : {"", " ", "+1", " 1", "1 ", "1x", "0x1", "1.0", "-1", "-", "1e3"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_number<uint64_t>(wrong));
  }
  CHECK_FALSE(parse_number<uint64_t>(std::string_view("1\0", 2)));
}

TEST_CASE("a number has to fit its type and the given bounds, which are inclusive") {
  CHECK(parse_number<uint16_t>("65535") == 65535);
  CHECK_FALSE(parse_number<uint16_t>("65536"));
  CHECK_FALSE(parse_number<uint64_t>("18446744073709551616"));
  CHECK(parse_number<uint32_t>("1", 1, 9) == 1);
  CHECK(parse_number<uint32_t>("9", 1, 9) == 9);
  CHECK_FALSE(parse_number<uint32_t>("0", 1, 9));
  CHECK_FALSE(parse_number<uint32_t>("10", 1, 9));
}

TEST_CASE("fractions are parsed; infinities and NaN are out of every range") {
  CHECK(parse_number<double>("0.25") == 0.25);
  CHECK(parse_number<double>("-1e3") == -1000);
  for (const char* wrong : {"inf", "-inf", "nan", "1e999", "0.5s", ".", "1,5"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_number<double>(wrong));
  }
}

TEST_CASE("hexadecimal digits have either case and no prefix") {
  CHECK(parse_hex<uint64_t>("ffffFFFFffffFFFF") == UINT64_MAX);
  CHECK(parse_hex<uint32_t>("5c") == 0x5c);
  for (const char* wrong : {"", "0x5c", "5g", "-5", "10000000000000000"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_hex<uint64_t>(wrong));
  }
}

TEST_CASE("take_number removes what it has parsed and leaves the rest, or everything") {
  std::string_view text = "12 34";
  CHECK(take_number<uint32_t>(text) == 12U);
  CHECK(text == " 34");
  CHECK_FALSE(take_number<uint32_t>(text));
  CHECK(text == " 34");
  text = "70000";
  CHECK_FALSE(take_number<uint16_t>(text));
  CHECK(text == "70000");
}
