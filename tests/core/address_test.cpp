#include "core/address.hpp"

#include <doctest/doctest.h>

using namespace portloop;

TEST_CASE("IPv4 addresses are parsed strictly: four decimal octets and nothing else") {
  CHECK(parse_address("127.0.0.1")->value == 0x7f000001);
  for (const char* wrong :
       {"", "1", "1.2.3", "300.1.1.1", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "0x7f.0.0.1", "[1.2.3.4]", "1.2.3.4%1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_address(wrong));
  }
}

TEST_CASE("an IPv6 address may have brackets and a zone that exists") {
  CHECK(parse_address("::1")->value == 1);
  CHECK(parse_address("[::1]") == parse_address("::1"));
  CHECK(parse_address("fe80::1%7")->zone == 7);
  const auto eth0_is_3 = [](std::string_view name) { return name == "eth0" ? 3U : 0U; };
  CHECK(parse_address("fe80::1%eth0", eth0_is_3)->zone == 3);
  CHECK_FALSE(parse_address("fe80::1%eth1", eth0_is_3));
  CHECK_FALSE(parse_address("fe80::1%", eth0_is_3));
  CHECK_FALSE(parse_address(":::1"));
}

TEST_CASE("addresses are written as in RFC 5952, and endpoints with an unambiguous port") {
  CHECK(to_text(*parse_address("10.0.0.1")) == "10.0.0.1");
  CHECK(to_text(*parse_address("2001:DB8:0:0:0:0:0:1")) == "2001:db8::1");
  CHECK(to_text(*parse_address("fe80::1%7")) == "fe80::1%7");
  CHECK(to_text(*parse_address("10.0.0.1"), 22) == "10.0.0.1:22");
  CHECK(to_text(*parse_address("::1"), 22) == "[::1]:22");
}

TEST_CASE("an address that nobody has set is 0.0.0.0, which is never connected to") {
  CHECK(Address{} == *parse_address("0.0.0.0"));
  CHECK(is_unspecified(Address{}));
}

TEST_CASE("addresses are ordered by family, zone, value") {
  CHECK(*parse_address("255.255.255.255") < *parse_address("::"));
  CHECK(*parse_address("10.0.0.9") < *parse_address("10.0.0.10"));
  CHECK(*parse_address("fe80::2%1") < *parse_address("fe80::1%2"));
}
