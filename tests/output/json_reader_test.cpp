#include "output/json_reader.hpp"

#include <limits>

#include "doctest/doctest.h"
#include "output/grouped.hpp"
#include "output/writer.hpp"

using namespace portloop;

TEST_CASE("a line of the JSON format is read back as it was written") {
  OutputResult written;
  written.probe.endpoint = {*parse_address("2001:db8::1"), 22};
  written.probe.state = PortState::open;
  written.probe.reason = Reason::syn_ack;
  written.probe.rtt_us = 310;
  written.probe.attempts = 2;
  written.probe.banner = "SSH\r\n\xff";
  written.host_name = "host.example";
  written.service = "ssh";
  written.time_us = 1795361211000123;
  std::string line;
  find_output_format("json")->make()->result(written, line);
  REQUIRE(line.ends_with("\n"));
  line.pop_back();

  const auto read = read_json_result(line);
  REQUIRE(read);
  const OutputResult view = read->view();
  CHECK(view.probe.endpoint == written.probe.endpoint);
  CHECK(view.probe.state == PortState::open);
  CHECK(view.probe.reason == Reason::syn_ack);
  CHECK(view.probe.rtt_us == 310);
  CHECK(view.probe.attempts == 2);
  CHECK(view.probe.banner == written.probe.banner);
  CHECK(view.host_name == "host.example");
  CHECK(view.service == "ssh");
  CHECK(view.time_us == written.time_us);
}

TEST_CASE("a result may lack its time; a time in another form is refused") {
  const std::string start = R"({"address":"192.0.2.1","port":1,"state":"closed","reason":"conn-refused")";
  REQUIRE(read_json_result(start + "}"));
  CHECK(read_json_result(start + "}")->time_us == 0);
  CHECK(read_json_result(start + R"(,"time":null})")->time_us == 0);
  CHECK(read_json_result(start + R"(,"time":"1970-01-01T00:00:01.000002Z"})")->time_us == 1'000'002);
  for (const char* wrong : {"1970-01-01T00:00:01Z", "1970-01-01 00:00:01.000002Z", "1970-02-30T00:00:01.000002Z",
                            "1970-01-01T24:00:01.000002Z", "1970-01-01T00:60:01.000002Z", "1970-01-01T00:00:61.000002Z",
                            "1970-01-01T00:00:01.00000 Z", "1970-13-01T00:00:01.000002Z", "yesterday"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_json_result(start + R"(,"time":")" + wrong + "\"}"));
  }
  CHECK_FALSE(read_json_result(start));
}

TEST_CASE("numbers have a comma between groups of three digits") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(123'456) == "123,456");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(std::numeric_limits<uint64_t>::max()) == "18,446,744,073,709,551,615");
}
