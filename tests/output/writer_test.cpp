#include "output/writer.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

using namespace portloop;

namespace {

constexpr int64_t sunday_us = 1795361211000123;  // 2026-11-22 15:26:51.000123 UTC

OutputResult result_of(const char* address, uint16_t port, PortState state, Reason reason) {
  OutputResult result;
  result.probe.endpoint = {*parse_address(address), port};
  result.probe.state = state;
  result.probe.reason = reason;
  result.probe.attempts = 1;
  result.time_us = sunday_us;
  return result;
}

OutputResult open_ssh() {
  OutputResult result = result_of("192.0.2.1", 22, PortState::open, Reason::syn_ack);
  result.probe.rtt_us = 310;
  result.service = "ssh";
  return result;
}

OutputResult closed_http() {
  OutputResult result = result_of("192.0.2.1", 80, PortState::closed, Reason::conn_refused);
  result.probe.rtt_us = 1234567;
  result.service = "http";
  return result;
}

OutputResult silent_port() {
  OutputResult result = result_of("192.0.2.1", 65000, PortState::filtered, Reason::no_response);
  result.probe.attempts = 2;
  return result;
}

std::string written(std::string_view format, const ScanHeader& header, const std::vector<OutputResult>& results) {
  const auto writer = find_output_format(format)->make();
  std::string out;
  writer->begin(header, out);
  for (const OutputResult& result : results) writer->result(result, out);
  writer->end(ScanFooter{}, out);
  return out;
}

ScanHeader one_target(bool show_all = false) {
  ScanHeader header;
  header.targets = 1;
  header.show_all = show_all;
  return header;
}

}  // namespace

TEST_CASE("a format is found by its name, and every description fits in the help") {
  CHECK(find_output_format("json")->name == "json");
  CHECK(find_output_format("JSON") == nullptr);
  CHECK(find_output_format("") == nullptr);
  for (const OutputFormat& format : output_formats()) {
    CAPTURE(format.name);
    CHECK(find_output_format(format.name) == &format);
    CHECK(format.description.size() < 60);
    CHECK(format.make() != nullptr);
  }
}

TEST_CASE("json: one object on each line, fields in a fixed order, null for missing values") {
  OutputResult with_all = open_ssh();
  with_all.host_name = "example.test";
  with_all.probe.banner = "SSH-2.0-x\r\n";
  OutputResult local = result_of("fe80::1%7", 1, PortState::unknown, Reason::local_error);
  local.probe.error_number = EMFILE;
  CHECK(
      written("json", one_target(true), {with_all, silent_port(), local}) ==
      R"({"address":"192.0.2.1","port":22,"protocol":"tcp","state":"open","reason":"syn-ack","rtt_us":310,"attempts":1,"service":"ssh","host":"example.test","banner":"SSH-2.0-x\\x0d\\x0a","time":"2026-11-22T15:26:51.000123Z"})"
      "\n"
      R"({"address":"192.0.2.1","port":65000,"protocol":"tcp","state":"filtered","reason":"no-response","rtt_us":null,"attempts":2,"service":null,"time":"2026-11-22T15:26:51.000123Z"})"
      "\n"
      R"({"address":"fe80::1%7","port":1,"protocol":"tcp","state":"unknown","reason":"local-error:EMFILE","rtt_us":null,"attempts":1,"service":null,"time":"2026-11-22T15:26:51.000123Z"})"
      "\n");
}

TEST_CASE("json and text list only open ports unless show_all is set") {
  for (const char* format : {"json", "text"}) {
    CAPTURE(format);
    CHECK(written(format, one_target(), {closed_http(), silent_port()}) == "");
    CHECK(written(format, one_target(), {closed_http(), open_ssh()}) == written(format, one_target(), {open_ssh()}));
    CHECK(written(format, one_target(true), {closed_http(), open_ssh()}).find("conn-refused") != std::string::npos);
  }
}

TEST_CASE("list: host:port, brackets around IPv6, only open ports even with show_all") {
  const OutputResult v6 = result_of("2001:db8::1", 443, PortState::open, Reason::syn_ack);
  CHECK(written("list", one_target(true), {open_ssh(), closed_http(), v6, silent_port()}) ==
        "192.0.2.1:22\n[2001:db8::1]:443\n");
}

TEST_CASE("text: a heading, then aligned columns without spaces at the end") {
  CHECK(written("text", one_target(), {open_ssh()}) ==
        "ADDRESS     PORT  STATE  SERVICE          REASON         RTT\n"
        "192.0.2.1     22  open   ssh              syn-ack    0.31 ms\n");
  CHECK(written("text", one_target(true), {open_ssh(), closed_http(), silent_port()}) ==
        "ADDRESS     PORT  STATE     SERVICE          REASON                  RTT\n"
        "192.0.2.1     22  open      ssh              syn-ack             0.31 ms\n"
        "192.0.2.1     80  closed    http             conn-refused      1234.57 ms\n"
        "192.0.2.1  65000  filtered  -                no-response                -\n");
}

TEST_CASE("text: a long name leaves room for the port on a terminal, and is whole elsewhere") {
  OutputResult named = open_ssh();
  named.host_name = "a.very.long.name.example";
  const auto row_at = [&](size_t columns) {
    ScanHeader header = one_target();
    header.columns = columns;
    const std::string text = written("text", header, {named});
    return text.substr(text.find('\n') + 1);
  };
  CHECK(row_at(0).starts_with("192.0.2.1 (a.very.long.name.example)     22  open "));
  CHECK(row_at(100).starts_with("192.0.2.1 (a.very.long.name.example)     22  open "));
  CHECK(row_at(60) == "192.0.2.1 (a.very.lon...     22  open   ssh         0.31 ms\n");
  CHECK(row_at(40).starts_with("192.0.2.1     22  open "));
}

TEST_CASE("text: rows are cut to the width of a terminal, between characters, and colour ends before the cut") {
  OutputResult wide = open_ssh();
  wide.probe.banner = "caf\u00e9 \u65e5\u672c\u8a9e\r\n\r\nnext";
  const auto rows_at = [&](size_t columns) {
    ScanHeader header = one_target();
    header.columns = columns;
    header.colour = true;
    return written("text", header, {wide});
  };
  const std::string heading = "ADDRESS     PORT  STATE  SERVICE         RTT\n";
  const std::string row = "192.0.2.1     22  \x1b[32mopen\x1b[0m   ssh         0.31 ms";
  CHECK(rows_at(70) == heading + row + "  caf\u00e9 \u65e5\u672c\u8a9e | next\n");
  CHECK(rows_at(64) == heading + row + "  caf\u00e9 \u65e5\u672c\u8a9e | next\n");
  CHECK(rows_at(63) == heading + row + "  caf\u00e9 \u65e5\u672c\u8a9e | ...\n");
  CHECK(rows_at(55) == heading + row + "  caf\u00e9 ...\n");
  CHECK(rows_at(24) == "ADDRESS     PORT  STA...\n192.0.2.1     22  \x1b[32mope\x1b[0m...\n");
  CHECK(rows_at(2) == "..\n..\n");
}

TEST_CASE("text: the host name follows the address, and the banner, without its line end, ends the row") {
  OutputResult named = open_ssh();
  named.host_name = "example.test";
  named.probe.banner = "220 a\r\n220 b \r\n";
  CHECK(written("text", one_target(), {named}) ==
        "ADDRESS                    PORT  STATE  SERVICE          REASON         RTT\n"
        "192.0.2.1 (example.test)     22  open   ssh              syn-ack    0.31 ms  "
        "220 a\\x0d\\x0a220 b\n");
  named.probe.banner = "\r\n";
  CHECK(written("text", one_target(), {named}).ends_with(" 0.31 ms\n"));
}

TEST_CASE("text: for several targets the address column fits their family, and a longer address widens it") {
  ScanHeader many = one_target();
  many.targets = 256;
  CHECK(written("text", many, {open_ssh()}).starts_with("ADDRESS           PORT"));
  many.has_ipv6 = true;
  CHECK(written("text", many, {open_ssh()}).starts_with("ADDRESS                 PORT"));
  const OutputResult longest = result_of("2001:db8:1111:2222:3333:4444:5555:6666", 9, PortState::open, Reason::syn_ack);
  const std::string out = written("text", many, {open_ssh(), longest, open_ssh()});
  const std::string last = out.substr(out.rfind("192.0.2.1"));
  CHECK(last.starts_with("192.0.2.1" + std::string(38 - 9 + 2 + 3, ' ') + "22  open"));
}

TEST_CASE("text: only the state is coloured, and only if colour is on") {
  ScanHeader header = one_target(true);
  const std::string plain = written("text", header, {open_ssh(), silent_port()});
  CHECK(plain.find('\x1b') == std::string::npos);
  header.colour = true;
  std::string coloured = written("text", header, {open_ssh(), silent_port()});
  CHECK(coloured.find("  \x1b[32mopen\x1b[0m      ssh") != std::string::npos);
  CHECK(coloured.find("  \x1b[33mfiltered\x1b[0m  -") != std::string::npos);
  CHECK(written("text", header, {closed_http()}).find("\x1b[31mclosed\x1b[0m") != std::string::npos);
  OutputResult unknown = silent_port();
  unknown.probe.state = PortState::unknown;
  CHECK(written("text", header, {unknown}).find("\x1b[35munknown\x1b[0m") != std::string::npos);
  for (const char* code : {"\x1b[32m", "\x1b[33m", "\x1b[0m", "\x1b[0m"})
    coloured.erase(coloured.find(code), std::string(code).size());
  CHECK(coloured == plain);
}

TEST_CASE("text: a very short round-trip time is not shown as 0") {
  OutputResult quick = open_ssh();
  quick.probe.rtt_us = 3;
  CHECK(written("text", one_target(), {quick}).find(" 0.01 ms\n") != std::string::npos);
  quick.probe.rtt_us = 995;
  CHECK(written("text", one_target(), {quick}).find(" 1.00 ms\n") != std::string::npos);
}

// ---- A scan that is resumed ----

namespace {

/// Eight results of two hosts with three ports, a name, banners, and a local error.
std::vector<OutputResult> two_hosts() {
  std::vector<OutputResult> results = {open_ssh(), closed_http(), silent_port()};
  results[0].probe.banner = "SSH\x1b\n\\";
  results[0].host_name = "a name";
  for (const uint16_t port : {uint16_t{22}, uint16_t{80}, uint16_t{65000}}) {
    OutputResult other = result_of("2001:db8::1", port, port == 80 ? PortState::unknown : PortState::open,
                                   port == 80 ? Reason::local_error : Reason::syn_ack);
    other.probe.error_number = port == 80 ? EMFILE : 0;
    other.service = port == 22 ? "ssh" : "";
    results.insert(results.begin() + (port == 80 ? 1 : 3), other);
  }
  static const Finding identified{"ssh", TlsFinding{}, {}, "Open \xff SSH", "9.2"};
  for (OutputResult& result : results) {
    if (result.probe.endpoint.port == 22 && result.probe.state == PortState::open) result.identified = &identified;
  }
  return results;
}

ScanHeader header_of_two(bool show_all) {
  ScanHeader header;
  header.targets = 2;
  header.show_all = show_all;
  header.ports = *parse_ports("22,80,65000", nullptr);
  header.results_per_host = 3;
  header.has_ipv6 = true;
  return header;
}

}  // namespace

TEST_CASE("every format can be saved and restored after any result") {
  const std::vector<OutputResult> results = two_hosts();
  for (const OutputFormat& format : output_formats()) {
    for (const bool show_all : {false, true}) {
      const ScanHeader header = header_of_two(show_all);
      const std::string whole = written(format.name, header, results);
      for (size_t killed_after = 0; killed_after <= results.size(); ++killed_after) {
        INFO(format.name, " ", show_all, " ", killed_after);
        std::string out, state;
        {
          const auto first = format.make();
          first->begin(header, out);
          for (size_t i = 0; i < killed_after; ++i) first->result(results[i], out);
          first->save(state);
        }
        const auto second = format.make();
        std::string written_before;
        second->begin(header, written_before);
        REQUIRE(second->restore(state));
        std::string again;
        second->save(again);
        CHECK(again == state);
        for (size_t i = killed_after; i < results.size(); ++i) second->result(results[i], out);
        second->end(ScanFooter{}, out);
        CHECK(out == whole);
      }
    }
  }
}

TEST_CASE("a state that save() did not write is refused") {
  for (const std::string_view format : {"text", "json", "list", "csv", "xml", "grepable"}) {
    for (const char* state :
         {"nonsense 1\n", "host 192.0.2.1 1 1 1 1 1\n", "host here 1 1 1 1 1 n\n", "ports open syn-ack 22\n",
          "banner 22 x\n", "identified 22 tls a b c d\n", "host 192.0.2.1 1 1 1 1 1 n\nidentified 0 tls a b c d\n",
          "host 192.0.2.1 1 1 1 1 1 n\nidentified 22 x a b c d\n",
          "host 192.0.2.1 1 1 1 1 1 n\nports shut syn-ack 22\n", "host 192.0.2.1 1 1 1 1 1 n\nports 0 0 0 22\n",
          "host 192.0.2.1 1 1 1 1 1 n\nports open local-error 22\n",
          "host 192.0.2.1 1 1 1 1 1 n\nports open syn-ack 23\n", "host 192.0.2.1 1 1 1 1 1 n\nbanner 0 x\n", "up\n",
          "up x\n", "widths 1 2 3 4 5\n", "widths 1 2 3 4 5 x\n", "service 22 \\q\n", "\n"}) {
      INFO(format, ": ", state);
      const auto writer = find_output_format(format)->make();
      std::string out;
      writer->begin(header_of_two(true), out);
      CHECK(!writer->restore(state));
    }
  }
}
