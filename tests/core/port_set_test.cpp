#include "core/port_set.hpp"

#include <doctest/doctest.h>

#include "core/service_names.hpp"

using namespace portloop;

static Parsed<PortSet> parse(std::string_view spec) { return parse_ports(spec, port_of_service, ports_of_services); }

TEST_CASE("overlapping and adjacent ports become one range, in ascending order") {
  const auto ports = parse("80,22,23,8000-8100,8050-8200,22");
  REQUIRE(ports);
  CHECK(ports->to_text() == "22-23,80,8000-8200");
  CHECK(ports->size() == 204);
  CHECK(ports->at(0) == 22);
  CHECK(ports->at(2) == 80);
  CHECK(ports->at(203) == 8200);
}

TEST_CASE("'-' and 'all' are all ports except 0") {
  for (const char* every : {"-", "all", "1-65535"}) CHECK(parse(every)->size() == 65535);
}

TEST_CASE("a range may lack an end") {
  CHECK(parse("60000-")->to_text() == "60000-65535");
  CHECK(parse("-1023")->to_text() == "1-1023");
  CHECK(parse("-22,65000-")->to_text() == "1-22,65000-65535");
}

TEST_CASE("a pattern is all services that match it") {
  const auto http = parse("http*");
  REQUIRE(http);
  for (const uint16_t port : std::initializer_list<uint16_t>{80, 81, 443, 8080}) CHECK(http->contains(port));
  CHECK_FALSE(http->contains(22));
  CHECK(parse("HTTP?")->contains(443));
  CHECK_FALSE(parse("HTTP?")->contains(80));
  CHECK(parse("*sql")->contains(3306));
  CHECK(parse("kerberos-s*")->to_text() == "88");  // an alias
  CHECK_FALSE(parse_ports("http*", port_of_service));
}

TEST_CASE("names and 'common' come from the list of services") {
  CHECK(parse("http,ssh")->to_text() == "22,80");
  const auto common = parse("common");
  REQUIRE(common);
  CHECK(common->contains(22));
  CHECK(common->contains(443));
  CHECK(common->contains(8080));
}

TEST_CASE("a wrong word is quoted with what is accepted") {
  for (const char* wrong : {"0", "70000", "0-", "-0", "70000-", "-70000", "90-80", "22,,23", "", "nosuchservice",
                            "1-2-3", "--", "22;23", "*", "?*", "nosuch*", "80*"}) {
    CAPTURE(wrong);
    const auto ports = parse(wrong);
    REQUIRE_FALSE(ports);
    CHECK(ports.error().find("a port is 1-65535") != std::string::npos);
  }
  CHECK(parse("22,70000").error().find("'70000' is not a port") == 0);
}

TEST_CASE("index_of is the inverse of at, and has nothing for a port outside") {
  const auto ports = *parse("1,22-24,80,65535");
  for (uint32_t i = 0; i < ports.size(); ++i) CHECK(ports.index_of(ports.at(i)) == i);
  for (const uint16_t outside : {uint16_t{0}, uint16_t{2}, uint16_t{21}, uint16_t{25}, uint16_t{65534}})
    CHECK_FALSE(ports.index_of(outside));
  CHECK_FALSE(PortSet{}.index_of(80));
}

TEST_CASE("removing ports splits ranges") {
  auto ports = *parse("1-100");
  ports.remove(*parse("1,50,90-200"));
  CHECK(ports.to_text() == "2-49,51-89");
  CHECK(ports.at(48) == 51);
  CHECK_FALSE(ports.contains(50));
  CHECK(ports.contains(51));
}
