#include "core/target_spec.hpp"

#include <doctest/doctest.h>

using namespace portloop;

namespace {

/// "host|ports", "host" without ports of its own, or "refused".
std::string parsed(std::string_view word) {
  const auto spec = parse_target_spec(word);
  if (!spec) return "refused";
  const std::string host =
      spec->target.ranges.empty() ? spec->target.host_name : TargetSet(spec->target.ranges, {}).to_text();
  return spec->ports ? host + '|' + spec->ports->to_text() : host;
}

}  // namespace

TEST_CASE("targets without ports of their own are what they were") {
  for (const char* word : {"10.0.0.1", "fd00::1", "fd00::1:80", "a.example"}) CHECK(parsed(word) == word);
  CHECK(parsed("10.0.0.0/30") == "10.0.0.0-10.0.0.3");
  CHECK(parsed("[fd00::1]") == "fd00::1");
}

TEST_CASE("ports of their own") {
  CHECK(parsed("10.0.0.1:22") == "10.0.0.1|22");
  CHECK(parsed("a.example:80,443,8000-8100") == "a.example|80,443,8000-8100");
  CHECK(parsed("a:http") == "a|80");
  CHECK(parsed("10.0.0.0/30:60000-") == "10.0.0.0-10.0.0.3|60000-65535");
  CHECK(parsed("10.0.0.1-3:5") == "10.0.0.1-10.0.0.3|5");
  CHECK(parsed("[fd00::1]:443") == "fd00::1|443");
  CHECK(parsed("[fd00::/127]:443") == "fd00::-fd00::1|443");
}

TEST_CASE("URLs") {
  CHECK(parsed("http://a.example/") == "a.example|80");
  CHECK(parsed("HTTPS://user:password@a.example:8443/x?y#z") == "a.example|8443");
  CHECK(parsed("https://[fd00::1]/a,b:c@d") == "fd00::1|443");
  CHECK(parsed("http://10.0.0.1/24") == "10.0.0.1|80");  // a path
  CHECK(parsed("ssh://10.0.0.1") == "10.0.0.1|22");
}

TEST_CASE("what is refused") {
  for (const char* word :
       {"a:", ":80", "a:0", "a:65536", "a:b:c", "[fd00::1", "[fd00::1]80", "http://", "http:///a", "nosuch://a",
        "http://10.0.0.1-3/", "http://a/,http://b/", "443", "a/index.html", "user@a", "10.0.0.1:80/x"}) {
    CAPTURE(word);
    CHECK(parsed(word) == "refused");
  }
  CHECK(parse_target_spec("443").error() == "'443' is not a target: write '-p 443'");
  CHECK(parse_target_spec("a.example/x").error() == "'a.example/x' is not a target: write 'a.example'");
  CHECK(parse_target_spec("user@a").error() == "'user@a' is not a target: write 'a'");
  CHECK(parse_target_spec("nosuch://a/").error() == "'nosuch://a/' has a scheme without a known port: write 'a:PORT'");
}

TEST_CASE("where a list of ports goes on behind a comma") {
  CHECK((ends_with_ports("a:80") && ends_with_ports("[::1]:80,81")));
  for (const char* word : {"a", "a:", "::1", "[::1]", "[::1]:", "http://a", "http://a:80"}) {
    CAPTURE(word);
    CHECK_FALSE(ends_with_ports(word));
  }
  CHECK((is_only_ports("80") && is_only_ports("80-90") && is_only_ports("80-")));
  CHECK_FALSE((is_only_ports("") || is_only_ports("http") || is_only_ports("10.0.0.1") || is_only_ports("-")));
}
