#include "core/target_set.hpp"

#include <doctest/doctest.h>

using namespace portloop;

static AddressRange range(std::string_view word) {
  const auto target = parse_target(word);
  REQUIRE_MESSAGE(target, word);
  REQUIRE(target->range);
  return *target->range;
}

static std::string text(const std::vector<std::string_view>& included,
                        const std::vector<std::string_view>& excluded = {}) {
  std::vector<AddressRange> in, out;
  for (const auto word : included) in.push_back(range(word));
  for (const auto word : excluded) out.push_back(range(word));
  return TargetSet(in, out).to_text();
}

TEST_CASE("addresses, blocks and both forms of ranges are parsed") {
  CHECK(text({"10.0.0.1"}) == "10.0.0.1");
  CHECK(text({"10.0.0.77/24"}) == "10.0.0.0-10.0.0.255");
  CHECK(text({"10.0.0.1-9"}) == "10.0.0.1-10.0.0.9");
  CHECK(text({"10.0.0.1-10.0.1.9"}) == "10.0.0.1-10.0.1.9");
  CHECK(text({"2001:db8::/126"}) == "2001:db8::-2001:db8::3");
  CHECK(text({"fe80::1%2-fe80::9%2"}) == "fe80::1%2-fe80::9%2");
  CHECK(text({"[::1]"}) == "::1");
}

TEST_CASE("a host name is left for the caller to resolve") {
  for (const char* name : {"localhost", "my-host.example.org", "example.org.", "a_b", "host-1-2"}) {
    const auto target = parse_target(name);
    REQUIRE_MESSAGE(target, name);
    CHECK(target->host_name == name);
  }
}

TEST_CASE("a wrong target is quoted with what is accepted") {
  for (const char* wrong : {"10.0.0.0/33",
                            "300.1.1.1",
                            "1.2.3",
                            "10.0.0.9-1",
                            "10.0.0.1-300",
                            "10.0.0.0/",
                            "10.0.0.0/x",
                            "",
                            "-",
                            "host name",
                            "a..b",
                            "::1/129",
                            "fe80::1%nosuch",
                            "10.0.0.1-::1",
                            "0.0.0.0",
                            "::",
                            "0.0.0.0/0",
                            "1:2",
                            "http://x",
                            "localhost/24",
                            "999"}) {
    CAPTURE(wrong);
    const auto target = parse_target(wrong);
    REQUIRE_FALSE(target);
    CHECK(target.error().find(quote_word(wrong)) == 0);
    CHECK(target.error().find("a target is") != std::string::npos);
  }
}

TEST_CASE("control bytes of a wrong word do not reach the terminal") {
  CHECK(parse_target("\x1b[31mred").error().find("'\\x1b[31mred'") == 0);
}

TEST_CASE("overlapping and adjacent ranges are merged, and exclusions removed") {
  CHECK(text({"10.0.0.0/25", "10.0.0.128/25", "10.0.0.7"}) == "10.0.0.0-10.0.0.255");
  CHECK(text({"10.0.0.0/29"}, {"10.0.0.0", "10.0.0.3-4", "10.0.0.7"}) == "10.0.0.1-10.0.0.2 10.0.0.5-10.0.0.6");
  CHECK(text({"10.0.0.0/29"}, {"10.0.0.0/8"}).empty());
  CHECK(text({"fe80::1%2"}, {"fe80::1"}).empty());
  CHECK(text({"fe80::1%2"}, {"fe80::1%3"}) == "fe80::1%2");
  CHECK(text({"255.255.255.255", "::1"}) == "255.255.255.255 ::1");
}

TEST_CASE("a set is indexed in ascending order, and a /8 is one range") {
  const TargetSet set({range("10.0.0.0/8"), range("192.168.0.1-3"), range("::1")}, {});
  CHECK(set.ranges().size() == 3);
  CHECK(set.size() == (1U << 24) + 4);
  CHECK(to_text(set.at(0)) == "10.0.0.0");
  CHECK(to_text(set.at((1U << 24) - 1)) == "10.255.255.255");
  CHECK(to_text(set.at((1U << 24) + 2)) == "192.168.0.3");
  CHECK(to_text(set.at((1U << 24) + 3)) == "::1");
  CHECK(set.contains(*parse_address("192.168.0.2")));
  CHECK_FALSE(set.contains(*parse_address("192.168.0.4")));
  CHECK_FALSE(set.contains(*parse_address("::2")));
}

TEST_CASE("the size of a set of 2^64 or more addresses saturates") {
  CHECK(TargetSet({range("2000::/3")}, {}).size() == UINT64_MAX);
  CHECK(TargetSet({range("2000::/64"), range("10.0.0.1")}, {}).size() == UINT64_MAX);
}

TEST_CASE("index_of is the inverse of at, and has nothing for an address outside") {
  const Address a = *parse_address("10.0.0.5"), b = *parse_address("10.0.0.9"), c = *parse_address("::7"),
                d = *parse_address("::9");
  const TargetSet targets({{a, b}, {c, d}}, {{*parse_address("10.0.0.7"), *parse_address("10.0.0.7")}});
  REQUIRE(targets.size() == 7);
  for (uint64_t i = 0; i < targets.size(); ++i) CHECK(targets.index_of(targets.at(i)) == i);
  for (const char* outside : {"10.0.0.4", "10.0.0.7", "10.0.0.10", "::6", "::a", "::7%3"})
    CHECK_FALSE(targets.index_of(*parse_address(outside)));
}
