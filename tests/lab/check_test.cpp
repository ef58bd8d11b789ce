#include "lab/result_check.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace portloop;
using namespace portloop::lab;

namespace {

struct Checked {
  std::vector<std::string> reported;
  Differences differences;
};

std::string result(const char* address, int port, const char* state) {
  return std::string(R"({"address":")") + address + R"(","port":)" + std::to_string(port) + R"(,"state":")" + state +
         "\"}";
}

/// 10.0.0.1-2, ports 22 (open), 23 (closed) and 24 (filtered), plus more lines of the profile.
Checked check(const std::vector<std::string>& lines, bool open_only = false, const std::string& more = "") {
  const auto profile = parse_profile("test", "prefix 10.0.0.0/24\nopen 22\nclosed 24 silent\n" + more);
  REQUIRE(profile);
  const TargetSet targets(parse_target("10.0.0.1-2")->ranges, {});
  const PortSet ports = *parse_ports("22-24", nullptr);
  Checked checked;
  ResultCheck compared(*profile, targets, ports, [&](const std::string& line) { checked.reported.push_back(line); });
  for (const std::string& line : lines) compared.take(line);
  checked.differences = compared.finish(open_only);
  return checked;
}

const std::vector<std::string> all_right = {result("10.0.0.2", 24, "filtered"), result("10.0.0.1", 22, "open"),
                                            result("10.0.0.1", 23, "closed"),   result("10.0.0.1", 24, "filtered"),
                                            result("10.0.0.2", 22, "open"),     result("10.0.0.2", 23, "closed")};

std::vector<std::string> with(size_t index, const std::string& line) {
  std::vector<std::string> lines = all_right;
  lines[index] = line;
  return lines;
}

}  // namespace

TEST_CASE("right results have no differences, in any order, with blank lines") {
  CHECK(check(all_right).differences.total() == 0);
  std::vector<std::string> lines = all_right;
  lines.insert(lines.begin(), "");
  lines.emplace_back("  \r");
  CHECK(check(lines).differences.total() == 0);
}

TEST_CASE("if all results are open ports, only open ports are compared") {
  CHECK(check({result("10.0.0.1", 22, "open"), result("10.0.0.2", 22, "open")}).differences.total() == 0);
  const Checked one_missing = check({result("10.0.0.1", 22, "open")});
  CHECK(one_missing.differences.missed == 1);
  CHECK(one_missing.reported == std::vector<std::string>{"missed 10.0.0.2:22: is open (syn-ack)"});
  CHECK(check({}).differences.missed == 2);
}

TEST_CASE("results with other states must have all ports, unless only open ones are compared") {
  std::vector<std::string> lines = all_right;
  lines.pop_back();
  CHECK(check(lines).differences.missed == 1);
  CHECK(check(lines, true).differences.total() == 0);
}

TEST_CASE("a state that contradicts the truth is false") {
  CHECK(check(with(2, result("10.0.0.1", 23, "filtered"))).reported ==
        std::vector<std::string>{"false 10.0.0.1:23: is closed (conn-refused), the result is filtered"});
  CHECK(check(with(3, result("10.0.0.1", 24, "closed"))).differences.wrong == 1);
  CHECK(check(with(2, result("10.0.0.1", 23, "open"))).differences.wrong == 1);
  CHECK(check(with(1, result("10.0.0.1", 22, "closed"))).differences.wrong == 1);
  CHECK(check(with(1, result("10.0.0.1", 22, "filtered")), true).differences.wrong == 1);
}

TEST_CASE("an endpoint that is not a target is false") {
  std::vector<std::string> lines = all_right;
  lines.push_back(result("10.0.0.3", 22, "open"));
  lines.push_back(result("10.0.0.1", 25, "closed"));
  CHECK(check(lines).differences.wrong == 2);
}

TEST_CASE("a second result for an endpoint is a difference, even if it is right") {
  std::vector<std::string> lines = all_right;
  lines.push_back(all_right[0]);
  const Checked checked = check(lines);
  CHECK(checked.differences.repeated == 1);
  CHECK(checked.reported == std::vector<std::string>{"repeated 10.0.0.2:24: a second result in line 7"});
}

TEST_CASE("unknown is a difference if the host stays or comes back") {
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown"))).differences.undecided == 1);
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown")), false, "gone-at 1s\nback-at 2s\n").differences.undecided ==
        1);
}

TEST_CASE("for a host that leaves for good, unknown and missing ports are no differences, but filtered is") {
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown")), false, "gone-at 1s\n").differences.total() == 0);
  CHECK(check({}, false, "gone-at 1s\n").differences.total() == 0);
  CHECK(check({}, false, "outage from 1s\n").differences.total() == 0);
  CHECK(check({}, false, "outage from 1s for 1s\n").differences.missed == 2);
  CHECK(check(with(2, result("10.0.0.1", 23, "filtered")), false, "gone-at 1s\n").differences.wrong == 1);
}

TEST_CASE("for a host that bans, unknown is no difference, but what the ban makes of its ports is") {
  const std::string bans = "bans after 2 with rst\n";
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown")), false, bans).differences.total() == 0);
  CHECK(check(with(1, result("10.0.0.1", 22, "closed")), false, bans).differences.wrong == 1);
  CHECK(check(with(2, result("10.0.0.1", 23, "filtered")), false, bans).differences.wrong == 1);
}

TEST_CASE("the broadcast address of the own link needs no result, and may be unknown") {
  const auto profile = parse_profile("test", "link ethernet 10.0.0.1/30\nprefix 10.0.0.0/8\n");
  REQUIRE(profile);
  const TargetSet targets(parse_target("10.0.0.2-3")->ranges, {});
  const PortSet ports = *parse_ports("22", nullptr);
  const auto differences = [&](const std::vector<std::string>& lines) {
    ResultCheck check(*profile, targets, ports, [](const std::string&) {});
    for (const std::string& line : lines) check.take(line);
    return check.finish(false).total();
  };
  const std::string host = result("10.0.0.2", 22, "closed");
  CHECK(differences({host}) == 0);
  CHECK(differences({host, result("10.0.0.3", 22, "unknown")}) == 0);
  CHECK(differences({host, result("10.0.0.3", 22, "filtered")}) == 0);
  CHECK(differences({host, result("10.0.0.3", 22, "closed")}) == 1);
  CHECK(differences({result("10.0.0.3", 22, "unknown")}) == 1);
}

TEST_CASE("of a host that accepts everything one marked result is enough; a mark on another host is false") {
  const auto marked = [](const char* address, int port) {
    std::string line = result(address, port, "open");
    line.back() = ',';
    return line + "\"all_ports_open\":true}";
  };
  CHECK(check({marked("10.0.0.1", 22), result("10.0.0.2", 22, "open")}).differences.wrong == 1);
  const auto profile = parse_profile("test", "prefix 10.0.0.1\naccepts-all\nprefix 10.0.0.2\nopen 22\n");
  REQUIRE(profile);
  const TargetSet targets(parse_target("10.0.0.1-2")->ranges, {});
  const PortSet ports = *parse_ports("22-24", nullptr);
  const auto compare = [&](const std::vector<std::string>& lines, uint64_t found) {
    ResultCheck compared(*profile, targets, ports, [](const std::string&) {});
    for (const std::string& line : lines) compared.take(line);
    const Differences differences = compared.finish(false);
    CHECK(compared.truly_all_open() == 1);
    CHECK(compared.found_all_open() == found);
    return differences.total();
  };
  CHECK(compare({marked("10.0.0.1", 23), result("10.0.0.2", 22, "open")}, 1) == 0);
  CHECK(compare({marked("10.0.0.1", 23), marked("10.0.0.1", 24), result("10.0.0.2", 22, "open")}, 1) == 0);
  CHECK(compare({result("10.0.0.1", 23, "open"), result("10.0.0.2", 22, "open")}, 0) == 2);  // two are missed
  CHECK(compare({marked("10.0.0.1", 23), marked("10.0.0.2", 22)}, 1) == 1);
}

TEST_CASE("a line that is not a result is a difference of its own, quoted without control bytes") {
  std::vector<std::string> lines = all_right;
  lines.emplace_back("\x1b[2J");
  lines.emplace_back(R"({"address":"10.0.0.1","port":22,"sta)");
  const Checked checked = check(lines);
  CHECK(checked.differences.unreadable == 2);
  REQUIRE(checked.reported.size() == 1);
  CHECK(checked.reported[0].find("unreadable line 7: '\\x1b[2J'") == 0);
}

TEST_CASE("only the first differences are listed, all are counted") {
  std::vector<std::string> lines;
  for (int i = 3; i < 100; ++i) lines.push_back(result(("10.0.0." + std::to_string(i)).c_str(), 22, "open"));
  const Checked checked = check(lines);
  CHECK(checked.differences.wrong == 97);
  CHECK(checked.reported.size() == 21);
  CHECK(checked.reported.back() == "... and more");
}
