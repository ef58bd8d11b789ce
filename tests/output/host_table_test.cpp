// The table of hosts on a terminal: what is in it, its layout at each width, and its bounds.
#include "output/host_table.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "output/banner_text.hpp"
#include "output/folded_text.hpp"
#include "output/formats.hpp"
#include "output/terminal_row.hpp"

using namespace portloop;

namespace {

OutputResult result_of(const char* address, uint16_t port, PortState state = PortState::open,
                       Reason reason = Reason::syn_ack) {
  OutputResult result;
  result.probe.endpoint = {*parse_address(address), port};
  result.probe.state = state;
  result.probe.reason = reason;
  result.probe.attempts = 1;
  result.probe.rtt_us = reason == Reason::no_response ? 0 : 420;
  result.service = port == 22 ? "ssh" : port == 80 ? "http" : "";
  return result;
}

ScanHeader header_of(size_t columns, bool show_all = false) {
  ScanHeader header;
  header.ports = *parse_ports("1-65535", nullptr);
  header.targets = 256;
  header.columns = columns;
  header.show_all = show_all;
  return header;
}

std::vector<OutputResult> two_hosts() {
  std::vector<OutputResult> results = {result_of("10.0.0.10", 443), result_of("10.0.0.9", 80),
                                       result_of("10.0.0.9", 22), result_of("10.0.0.9", 8000)};
  for (OutputResult& result : results) {
    if (result.probe.endpoint.port != 443) result.host_name = "router.example";
  }
  return results;
}

std::string table_of(const ScanHeader& header, const std::vector<OutputResult>& results,
                     const ScanFooter& footer = {}) {
  HostTable table(false);
  std::string out;
  table.begin(header, out);
  for (const OutputResult& result : results) table.result(result, out);
  CHECK(out.empty());
  table.end(footer, out);
  return out;
}

size_t widest(const std::string& text) {
  std::istringstream lines(text);
  size_t width = 0;
  for (std::string line; std::getline(lines, line);) width = std::max(width, row_width(line));
  return width;
}

}  // namespace

TEST_CASE("each host is there once, sorted by address, with its open ports in order") {
  CHECK(table_of(header_of(80), two_hosts()) ==
        "HOST                           RTT  OPEN PORTS\n"
        "10.0.0.9 (router.example)  0.42 ms  22 ssh, 80 http, 8000\n"
        "10.0.0.10                  0.42 ms  443\n");
  CHECK(table_of(header_of(80), {result_of("10.0.0.9", 1, PortState::closed, Reason::conn_refused)}).empty());
}

TEST_CASE("if a port has a banner, each port has a line") {
  std::vector<OutputResult> results = two_hosts();
  results[2].probe.banner = "SSH-2.0-x\r\n";
  results[1].probe.banner = "HTTP/1.1 200 OK\r\nDate: x\r\nserver:  nginx \r\n\r\n<html>";
  CHECK(table_of(header_of(80), results) ==
        "HOST                           RTT   PORT  SERVICE  BANNER\n"
        "10.0.0.9 (router.example)  0.42 ms     22  ssh      SSH-2.0-x\n"
        "                                       80  http     nginx (200 OK)\n"
        "                                     8000  -\n"
        "10.0.0.10                  0.42 ms    443  -\n");
}

TEST_CASE("a host that accepts connections on every port is marked, in the table and in its live row") {
  std::vector<OutputResult> results = two_hosts();
  results[0].probe.all_ports_open = true;
  CHECK(table_of(header_of(80), results) ==
        "HOST                           RTT  OPEN PORTS\n"
        "10.0.0.9 (router.example)  0.42 ms  22 ssh, 80 http, 8000\n"
        "10.0.0.10                  0.42 ms  accepts connections on every port\n"
        "                                    443\n");
  CHECK(table_of(header_of(62), {results[0]}) ==
        "HOST           RTT  OPEN PORTS\n"
        "10.0.0.10  0.42 ms  accepts connections on every port\n"
        "                    443\n");
  CHECK(table_of(header_of(45), {results[0]}) ==
        "HOST           RTT  OPEN PORTS\n"
        "10.0.0.10  0.42 ms  accepts connections on\n"
        "                    every port\n"
        "                    443\n");
  HostTable table(false);
  std::string out;
  table.begin(header_of(80), out);
  table.result(results[0], out);
  CHECK(table.live_rows(5, 79)[1] == "10.0.0.10  0.42 ms  accepts connections on every port: 443");
  std::string state;
  table.save(state);
  HostTable resumed(false);
  resumed.begin(header_of(80), out);
  CHECK(resumed.restore(state));
  CHECK(resumed.live_rows(5, 79) == table.live_rows(5, 79));
}

TEST_CASE("a name that arrives late is shown beside a host whose ports are all closed") {
  HostTable table(false);
  std::string out;
  table.begin(header_of(80, true), out);
  table.result(result_of("10.0.0.9", 1, PortState::closed, Reason::conn_refused), out);
  table.add_name(*parse_address("10.0.0.9"), "late.example");
  table.add_name(*parse_address("10.0.0.10"), "other.example");  // no result so far
  table.end({}, out);
  CHECK(out ==
        "HOST                         RTT  OPEN PORTS\n"
        "10.0.0.9 (late.example)  0.42 ms  1 closed (conn-refused): 1\n");
}

TEST_CASE("what was identified takes the place of the banner") {
  std::vector<OutputResult> results = two_hosts();
  const Finding ssh{"ssh", {}, {}, "Open\x1b[31mSSH", "9.2p1"};
  results[2].probe.banner = "SSH-2.0-x\r\n";
  results[2].identified = &ssh;
  results[1].probe.banner = "220 x\r\n";
  CHECK(table_of(header_of(80), results) ==
        "HOST                           RTT   PORT  SERVICE  IDENTIFIED\n"
        "10.0.0.9 (router.example)  0.42 ms     22  ssh      ssh, Open\\x1b[31mSSH 9.2p1\n"
        "                                       80  http     220 x\n"
        "                                     8000  -\n"
        "10.0.0.10                  0.42 ms    443  -\n");
}

TEST_CASE("a host that takes most of the width has its ports below it; a long name is cut, an address never") {
  const std::string address = "2001:db8:1111:2222:3333:4444:5555:6666";
  OutputResult named = result_of(address.c_str(), 22);
  named.host_name = "a.very.long.name.example";
  CHECK(table_of(header_of(60), {named, result_of(address.c_str(), 80)}) ==
        "HOST                                        RTT\n" + address + "  0.42 ms\n  22 ssh, 80 http\n");
  OutputResult longer = result_of("10.0.0.1", 22);
  longer.host_name = "a.very.long.name.example";
  CHECK(table_of(header_of(60), {longer}) ==
        "HOST                          RTT  OPEN PORTS\n"
        "10.0.0.1 (a.very.long...  0.42 ms  22 ssh\n");
}

TEST_CASE("no row is wider than the terminal, at any width, and no port is lost") {
  std::vector<OutputResult> results = two_hosts();
  for (uint16_t port = 1000; port < 1060; ++port) results.push_back(result_of("10.0.0.10", port));
  results.push_back(result_of("2001:db8:1111:2222:3333:4444:5555:6666", 22));
  for (uint16_t port = 2000; port < 2500; port += 2)
    results.push_back(result_of("10.0.0.77", port, PortState::closed, Reason::admin_prohibited));
  for (const bool with_banner : {false, true}) {
    if (with_banner)
      results[1].probe.banner = "220 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e and so on, and so on, and so on";
    for (size_t columns = 1; columns <= 200; ++columns) {
      ScanHeader header = header_of(columns, true);
      header.colour = columns % 2 == 0;
      const std::string table = table_of(header, results);
      CAPTURE(columns);
      CHECK(widest(table) <= columns);
      if (columns < 40) continue;
      for (const char* port : {"1000", "1059", "2000", "2498", "8000"}) CHECK(table.find(port) != std::string::npos);
    }
  }
}

TEST_CASE("with --show all, the other ports are listed in ranges with their reason") {
  std::vector<OutputResult> results = two_hosts();
  for (const uint16_t port : {uint16_t{1}, uint16_t{2}, uint16_t{3}, uint16_t{9}})
    results.push_back(result_of("10.0.0.10", port, PortState::closed, Reason::conn_refused));
  results.push_back(result_of("10.0.0.11", 5, PortState::filtered, Reason::no_response));
  CHECK(table_of(header_of(80, true), results) ==
        "HOST                           RTT  OPEN PORTS\n"
        "10.0.0.9 (router.example)  0.42 ms  22 ssh, 80 http, 8000\n"
        "10.0.0.10                  0.42 ms  443\n"
        "                                    4 closed (conn-refused): 1-3,9\n"
        "10.0.0.11                        -  1 filtered (no-response): 5\n");
}

TEST_CASE("a line for what is not shown") {
  ScanFooter footer;
  footer.hosts_total = 256;
  footer.hosts_answered = 21;
  footer.hosts_absent = 234;
  const std::string table = table_of(header_of(80), two_hosts(), footer);
  CHECK(table.ends_with('\n' +
                        folded("Not shown: 19 hosts without an open port, 234 addresses without a host and 1 "
                               "address without an answer",
                               80) +
                        '\n'));
  footer.hosts_answered = 2;
  footer.hosts_absent = 254;
  CHECK(table_of(header_of(80), two_hosts(), footer).ends_with("\nNot shown: 254 addresses without a host\n"));
  footer.hosts_total = 2;
  footer.hosts_absent = 0;
  CHECK(table_of(header_of(80), two_hosts(), footer).find("Not shown") == std::string::npos);
}

TEST_CASE("live rows: one line for each host; those with the latest news if there is no room for all") {
  HostTable table(false);
  std::string out;
  table.begin(header_of(80), out);
  CHECK(table.live_rows(10, 79).empty());
  for (int host = 1; host <= 20; ++host) table.result(result_of(("10.0.0." + std::to_string(host)).c_str(), 22), out);
  table.result(result_of("10.0.0.3", 80), out);
  CHECK(out.empty());
  CHECK(table.live_rows(21, 79).size() == 21);
  CHECK(table.live_rows(5, 79) == std::vector<std::string>{
                                      "HOST           RTT  OPEN PORTS",
                                      "10.0.0.3   0.42 ms  22 ssh, 80 http",
                                      "10.0.0.19  0.42 ms  22 ssh",
                                      "10.0.0.20  0.42 ms  22 ssh",
                                      "and 17 hosts more",
                                  });
  CHECK(table.live_rows(21, 27)[3] == "10.0.0.3   0.42 ms  22 s...");
  CHECK(table.live_rows(1, 79).empty());
}

TEST_CASE("beyond the bound the table is written, and what follows as it comes") {
  HostTable table(false);
  std::string out;
  table.begin(header_of(80), out);
  Address address = *parse_address("10.0.0.0");
  OutputResult result = result_of("10.0.0.0", 22);
  for (size_t host = 0; host < HostTable::max_hosts; ++host) {
    result.probe.endpoint.address.value = address.value + host;
    table.result(result, out);
  }
  result.probe.endpoint.port = 80;  // of a host that is there already
  table.result(result, out);
  CHECK(out.empty());
  result.probe.endpoint.address.value = address.value + HostTable::max_hosts;
  table.result(result, out);
  CHECK(out.starts_with("HOST"));
  CHECK(out.find("\n10.0.39.15 ") != std::string::npos);
  const std::string explanation = "There are too many hosts for this table: what follows is shown as it is found.\n";
  const size_t explained = out.find(explanation + "ADDRESS ");
  REQUIRE(explained != std::string::npos);
  CHECK(out.find("\n10.0.39.16 ", explained) != std::string::npos);
  CHECK(table.live_rows(20, 79).empty());
  out.clear();
  result.probe.endpoint.port = 22;
  table.result(result, out);
  CHECK(out.starts_with("10.0.39.16 "));
  out.clear();
  table.end(ScanFooter{}, out);
  CHECK(out.empty());
}

TEST_CASE("a resumed scan's table has the earlier hosts; without a terminal they were shown already") {
  HostTable earlier(false);
  std::string out, state;
  earlier.begin(header_of(80), out);
  for (const OutputResult& result : two_hosts()) earlier.result(result, out);
  earlier.save(state);
  HostTable later(false);
  later.begin(header_of(80), out);
  REQUIRE(later.restore(state));
  later.end(ScanFooter{}, out);
  CHECK(out == table_of(header_of(80), two_hosts()));
  const auto text = make_text_writer();
  text->begin(header_of(0), out);
  CHECK(text->restore(state));
  CHECK_FALSE(make_text_writer()->restore("hosts 1\n"));
  HostTable damaged(false);
  damaged.begin(header_of(80), out);
  CHECK_FALSE(damaged.restore("host 10.0.0.1 x\n"));
  CHECK(damaged.restore("widths 7 5 5 15 7 9\n"));
}

TEST_CASE("a banner for people: its first line, or an HTTP server") {
  CHECK(banner_text("\r\n\r\n220 a\r\n220 b\r\n") == "220 a");
  CHECK(banner_text("a\x1b[31m\\\n") == "a\\x1b[31m\\x5c");
  CHECK(banner_text("HTTP/1.0 200 OK\r\nDate: x\r\n\r\nServer: in the body\r\n") == "HTTP/1.0 200 OK");
  CHECK(banner_text("HTTP/1.1 301 Moved\r\nSERVER: a\x1b\r\n\r\n") == "a\\x1b (301 Moved)");
  CHECK(banner_text("HTTP/1.1\r\nServer: a\r\n") == "a");
  CHECK(banner_text(" \r\n").empty());
  CHECK(banner_text("").empty());
}

TEST_CASE("sentences are folded between words") {
  CHECK(folded("one two three", 80) == "one two three");
  CHECK(folded("one two three", 7) == "one two\nthree");
  CHECK(folded("one two three", 6) == "one\ntwo\nthree");
  CHECK(folded("", 6).empty());
}
