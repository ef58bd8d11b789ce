#include "core/result_json.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>

using namespace portloop;

namespace {

std::string result(const char* address, int port, const char* state) {
  return std::string(R"({"address":")") + address + R"(","port":)" + std::to_string(port) + R"(,"state":")" + state +
         "\"}";
}

std::optional<ParsedResult> parse_endpoint(std::string_view line) {
  return parse_result_json(line, ResultFields::endpoint_and_state);
}

/// A record with one member changed.
std::string with(std::string_view member) {
  return R"({"address":"10.0.0.1","port":22,"state":"unknown","reason":"no-route",)" + std::string(member) + '}';
}

}  // namespace

TEST_CASE("a record is written with null for what is missing, and parsed back") {
  ResultRecord record;
  record.probe.endpoint = {*parse_address("fe80::1%7"), 443};
  record.probe.reason = Reason::local_error;
  record.probe.error_number = EMFILE;
  record.time = "T";
  std::string line;
  append_result_json(line, record);
  CHECK(line == R"({"address":"fe80::1%7","port":443,"protocol":"tcp","state":"unknown","reason":"local-error:EMFILE",)"
                R"("rtt_us":null,"attempts":0,"service":null,"time":"T"})"
                "\n");
  line.pop_back();
  const auto parsed = parse_result_json(line);
  REQUIRE(parsed);
  CHECK(parsed->probe.endpoint == record.probe.endpoint);
  CHECK(parsed->probe.state == PortState::unknown);
  CHECK(parsed->probe.reason == Reason::local_error);
  CHECK(parsed->probe.error_number == EMFILE);
  CHECK(parsed->probe.rtt_us == 0);
  CHECK(parsed->service == "");
}

TEST_CASE("every byte of a banner, a service and a host name survives") {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  every += "Gr\xc3\xbc\xc3\x9f\x65 \\x41 \\\\ \"";
  const std::string half = every.substr(every.size() / 2);
  ResultRecord record;
  record.probe.endpoint = {*parse_address("10.0.0.1"), 22};
  record.probe.state = PortState::open;
  record.probe.reason = Reason::syn_ack;
  record.probe.rtt_us = 310;
  record.probe.attempts = 2;
  record.probe.banner = every;
  record.service = every;
  record.host_name = half;
  std::string line;
  append_result_json(line, record);
  line.pop_back();
  CHECK(line.find('\n') == std::string::npos);
  const auto parsed = parse_result_json(line);
  REQUIRE(parsed);
  CHECK(parsed->banner == every);
  CHECK(parsed->service == every);
  CHECK(parsed->host_name == half);
  CHECK(parsed->probe.rtt_us == 310);
  CHECK(parsed->probe.attempts == 2);
}

TEST_CASE("with all fields, each has to be what append_result_json() writes") {
  REQUIRE(parse_result_json(with(R"("rtt_us":null,"attempts":3,"service":null,"more":[1])")));
  CHECK_FALSE(parse_result_json(result("10.0.0.1", 22, "open")));  // no reason
  for (const char* wrong :
       {R"("port":"22")", R"("reason":"because")", R"("reason":null)", R"("protocol":"udp")", R"("rtt_us":"1")",
        R"("rtt_us":-1)", R"("rtt_us":9007199254740992)", R"("attempts":4294967296)", R"("service":1)",
        R"("banner":"\\x4")", R"("banner":"\\q41")", R"("host":"\ud800")", R"("state":"shut")"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_result_json(with(wrong)));
  }
}

TEST_CASE("numbers of any member follow JSON's grammar") {
  for (const char* right : {"0", "-0", "10", "0.5", "-2.5e3", "1E+9", "1e-9", "1e999"}) {
    CAPTURE(right);
    CHECK(parse_result_json(with(std::string(R"("x":)") + right)));
  }
  for (const char* wrong : {"01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "inf", "-inf", "nan", "-nan", "1 2"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_result_json(with(std::string(R"("x":)") + wrong)));
  }
}

TEST_CASE("a result line is any JSON object with an address, a port and a state") {
  const auto line = parse_endpoint(
      R"({ "host":"a\"b\\\u00e9", "nested":{"address":"1.1.1.1","list":[1,-2.5e3,true,null,{}]}, "port": 443,)"
      R"( "state":"filtered", "address":"fd00::1", "banner":"\\x1b[2J" })");
  REQUIRE(line);
  CHECK(to_text(line->probe.endpoint.address) == "fd00::1");
  CHECK(line->probe.endpoint.port == 443);
  CHECK(line->probe.state == PortState::filtered);
}

TEST_CASE("what is not such an object is refused") {
  const std::string right = result("10.0.0.1", 22, "open");
  REQUIRE(parse_endpoint(right));
  for (size_t length = 0; length < right.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(parse_endpoint(std::string_view(right).substr(0, length)));
  }
  CHECK_FALSE(parse_endpoint(right + "x"));
  CHECK_FALSE(parse_endpoint(right + right));
  CHECK_FALSE(parse_endpoint('[' + right + ']'));
  CHECK_FALSE(parse_endpoint(result("10.0.0.1", 0, "open")));
  CHECK_FALSE(parse_endpoint(result("10.0.0.1", 65536, "open")));
  CHECK_FALSE(parse_endpoint(result("10.0.0", 22, "open")));
  CHECK_FALSE(parse_endpoint(result("10.0.0.1", 22, "opened")));
  CHECK_FALSE(parse_endpoint(R"({"address":"10.0.0.1","port":22,"state":"open",})"));
  CHECK_FALSE(parse_endpoint(R"({"address":"10.0.0.1","port":22,"state":"open","b":"\x"})"));
  CHECK_FALSE(parse_endpoint(R"({"address":"10.0.0.1","port":22,"state":"open","b":inf})"));
  CHECK_FALSE(parse_endpoint(std::string(100000, '[')));
  CHECK_FALSE(parse_endpoint(R"({"a":)" + std::string(100000, '[')));
}

TEST_CASE("a host name has at most 255 bytes, and a round-trip time is exact in every reader") {
  const std::string start = R"({"address":"192.0.2.1","port":1,"state":"open","reason":"syn-ack",)";
  CHECK(parse_result_json(start + R"("host":")" + std::string(255, 'h') + "\"}"));
  CHECK_FALSE(parse_result_json(start + R"("host":")" + std::string(256, 'h') + "\"}"));
  CHECK(parse_result_json(start + R"("rtt_us":9007199254740991})"));
  CHECK_FALSE(parse_result_json(start + R"("rtt_us":9007199254740992})"));
  CHECK_FALSE(parse_result_json(start + R"("rtt_us":-1})"));
  CHECK(parse_result_json(start + R"("unknown":{"member":[]}})"));
}
