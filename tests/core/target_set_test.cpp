#include "core/target_set.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

using namespace portloop;

static AddressRange range(std::string_view word) {
  const auto target = parse_target(word);
  REQUIRE_MESSAGE(target, word);
  REQUIRE(target->ranges.size() == 1);
  return target->ranges[0];
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
  CHECK(text({"10.0.0.77/32"}) == text({"10.0.0.77"}));
  CHECK(text({"128.0.0.7/1"}) == "128.0.0.0-255.255.255.255");
  CHECK(text({"fd00::5/128"}) == text({"fd00::5"}));
  CHECK(text({"fd00::5/127"}) == "fd00::4-fd00::5");
  CHECK(text({"10.0.0.1-9"}) == "10.0.0.1-10.0.0.9");
  CHECK(text({"10.0.0.1-10.0.1.9"}) == "10.0.0.1-10.0.1.9");
  CHECK(text({"2001:db8::/126"}) == "2001:db8::-2001:db8::3");
  CHECK(text({"fe80::1%2-fe80::9%2"}) == "fe80::1%2-fe80::9%2");
  CHECK(text({"[::1]"}) == "::1");
}

TEST_CASE("the hyphen of a range is the first one that follows an address, though zones have hyphens too") {
  const auto zone_lookup = [](std::string_view name) { return name == "br-" ? 3U : name == "br-lan" ? 4U : 0U; };
  const auto ranges = [&](std::string_view word) {
    return TargetSet(parse_target(word, zone_lookup)->ranges, {}).to_text();
  };
  CHECK(ranges("fe80::1%br-lan-fe80::9") == "fe80::1%4-fe80::9%4");
  CHECK(ranges("fe80::1%br--fe80::9%br-") == "fe80::1%3-fe80::9%3");
}

TEST_CASE("ranges of octets, as nmap has them") {
  const auto ranges = [](std::string_view word) { return TargetSet(parse_target(word)->ranges, {}).to_text(); };
  CHECK(ranges("10.0.1-2.1-3") == "10.0.1.1-10.0.1.3 10.0.2.1-10.0.2.3");
  CHECK(ranges("10.0.1-2.7") == "10.0.1.7 10.0.2.7");
  CHECK(ranges("10-11.0.0.1-2") == "10.0.0.1-10.0.0.2 11.0.0.1-11.0.0.2");
  CHECK(ranges("10.1-2.0-255.0-255") == "10.1.0.0-10.2.255.255");
  CHECK(ranges("10.0.5-5.1") == "10.0.5.1");
  CHECK(parse_target("10.0-255.0-255.1")->ranges.size() == 65'536);
  CHECK(parse_target("1-255.0-255.0-255.0-255")->ranges.size() == 1);
  CHECK(parse_target("a.1-2.b.c")->host_name == "a.1-2.b.c");
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
                            "10.0.1-256.1",
                            "10.0.2-1.1",
                            "0-1.0-1.0-1.0-1",
                            "1-255.0-255.0-255.1",
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

TEST_CASE("a block of all addresses is refused for the one that is no target, not for its length") {
  CHECK(parse_target("0.0.0.0/0").error().find("start at 0.0.0.1") != std::string::npos);
  CHECK(parse_target("::/0").error().find("start at ::1") != std::string::npos);
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

TEST_CASE("an exclusion in a zone is found behind one without a zone, whatever their order") {
  CHECK(text({"fe80::1%2-fe80::8"}, {"fe80::7", "fe80::3%2"}) == "fe80::1%2-fe80::2%2 fe80::4%2-fe80::6%2 fe80::8%2");
  CHECK(text({"fe80::1%2-fe80::8"}, {"fe80::5%2", "fe80::2-fe80::6", "fe80::8%3"}) == "fe80::1%2 fe80::7%2-fe80::8%2");
}

TEST_CASE("random sets have the addresses of a model that lists them one by one") {
  std::mt19937 random(20261126);
  const auto below = [&](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
  for (int round = 0; round < 3000; ++round) {
    const auto random_ranges = [&](uint32_t max_count) {
      std::vector<AddressRange> ranges;
      for (uint32_t count = below(max_count + 1); count > 0; --count) {
        const Family family = below(2) == 0 ? Family::ipv4 : Family::ipv6;
        // The two ends of the space, too.
        const uint128 base = below(4) == 0 ? highest_value(family) - 39 : uint128{0};
        const Address first{family, family == Family::ipv6 ? below(3) : 0, base + below(40)};
        Address last = first;
        last.value += below(static_cast<uint32_t>(std::min<uint128>(base + 39 - first.value, 8)) + 1);
        ranges.push_back({first, last});
      }
      return ranges;
    };
    const std::vector<AddressRange> included = random_ranges(6), excluded = random_ranges(12);
    std::set<Address> model;
    for (const AddressRange& range : included)
      for (uint128 value = range.first.value;; ++value) {
        const Address address{range.first.family, range.first.zone, value};
        const bool out = std::any_of(excluded.begin(), excluded.end(), [&](const AddressRange& hole) {
          return hole.first.family == address.family && (hole.first.zone == 0 || hole.first.zone == address.zone) &&
                 hole.first.value <= value && value <= hole.last.value;
        });
        if (!out) model.insert(address);
        if (value == range.last.value) break;
      }
    const TargetSet set(included, excluded);
    REQUIRE(set.size() == model.size());
    uint64_t i = 0;
    for (const Address& address : model) {
      CHECK(set.at(i) == address);
      CHECK(set.index_of(address) == i++);
    }
  }
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

TEST_CASE("a range is contained if each of its addresses is") {
  const TargetSet set({range("10.0.0.0-9"), range("10.0.0.20-29"), range("fe80::1%2-fe80::9")}, {});
  for (const char* inside : {"10.0.0.0-9", "10.0.0.0", "10.0.0.5-9", "10.0.0.29", "fe80::1%2-fe80::9"})
    CHECK(set.contains(range(inside)));
  for (const char* outside : {"10.0.0.0-10", "10.0.0.5-25", "10.0.0.30", "9.0.0.0-10.0.0.1", "fe80::1%3", "fe80::1"})
    CHECK_FALSE(set.contains(range(outside)));
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

TEST_CASE("a range is contained if one range of the set has all of it") {
  const TargetSet targets({range("10.0.0.1-9"), range("fe80::1%1-fe80::9%1")}, {range("10.0.0.5")});
  CHECK(targets.contains(range("10.0.0.1-10.0.0.4")));
  CHECK(targets.contains(range("10.0.0.9")));
  CHECK(targets.contains(range("fe80::2%1-fe80::9%1")));
  CHECK_FALSE(targets.contains(range("10.0.0.0-10.0.0.4")));
  CHECK_FALSE(targets.contains(range("10.0.0.4-10.0.0.6")));
  CHECK_FALSE(targets.contains(range("10.0.0.9-10.0.0.10")));
  CHECK_FALSE(targets.contains(range("fe80::2%2-fe80::3%2")));
  CHECK_FALSE(targets.contains(range("fe80::2-fe80::3")));
  CHECK_FALSE(targets.contains(range("::1")));
  CHECK_FALSE(TargetSet().contains(range("10.0.0.1")));
}

TEST_CASE("the text of a set has a word for each range") {
  const TargetSet targets({range("10.0.0.1-9"), range("fe80::1%1")}, {range("10.0.0.5")});
  CHECK(targets.to_text() == "10.0.0.1-10.0.0.4 10.0.0.6-10.0.0.9 fe80::1%1");
  CHECK(TargetSet().to_text().empty());
}
