#include "core/split.hpp"

#include <doctest/doctest.h>

using namespace portloop;

TEST_CASE("a list is split at each separator") {
  using Parts = std::vector<std::string_view>;
  CHECK(split("22", ',') == Parts{"22"});
  CHECK(split("22,80", ',') == Parts{"22", "80"});
  CHECK(split("22:80", ',') == Parts{"22:80"});
  CHECK(split("", ',') == Parts{""});
  CHECK(split(",22,", ',') == Parts{"", "22", ""});
}
