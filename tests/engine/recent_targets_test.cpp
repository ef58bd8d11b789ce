#include "engine/recent_targets.hpp"

#include <doctest/doctest.h>

#include "core/address.hpp"

using namespace portloop;

namespace {

Address address(const char* text) { return parse_address(text).value(); }

}  // namespace

TEST_CASE("the nearest of the recent targets is the one with the longest common prefix") {
  RecentTargets recent;
  for (const char* text : {"10.1.0.9", "10.2.0.77", "10.3.0.1", "::1"}) recent.add(address(text));
  CHECK(recent.nearest(address("10.2.0.1")) == address("10.2.0.77"));
  CHECK(recent.nearest(address("10.3.9.9")) == address("10.3.0.1"));
  CHECK(recent.nearest(address("2001:db8::1")) == address("::1"));
}

TEST_CASE("a target of another family or zone is none") {
  RecentTargets recent;
  CHECK(!recent.nearest(address("10.0.0.1")));
  recent.add(address("fe80::1%2"));
  CHECK(!recent.nearest(address("10.0.0.1")));
  CHECK(!recent.nearest(address("fe80::1%3")));
  CHECK(recent.nearest(address("fe80::2%2")));
}

TEST_CASE("the last sixteen are remembered") {
  RecentTargets recent;
  recent.add(address("10.9.0.1"));
  for (int i = 0; i < 15; ++i) recent.add(address("10.1.0.1"));
  CHECK(recent.nearest(address("10.9.0.2")) == address("10.9.0.1"));
  recent.add(address("10.1.0.1"));
  CHECK(recent.nearest(address("10.9.0.2")) == address("10.1.0.1"));
}
