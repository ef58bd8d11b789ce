#include "lab/result_check.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace portloop;
using namespace portloop::lab;

namespace {

struct Checked {
  std::vector<std::string> said;
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
  const TargetSet targets({*parse_target("10.0.0.1-2")->range}, {});
  const PortSet ports = *parse_ports("22-24", nullptr);
  Checked checked;
  ResultCheck compared(*profile, targets, ports, [&](const std::string& line) { checked.said.push_back(line); });
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

TEST_CASE("a right result differs in nothing, in any order, with blank lines") {
  CHECK(check(all_right).differences.total() == 0);
  std::vector<std::string> lines = all_right;
  lines.insert(lines.begin(), "");
  lines.emplace_back("  \r");
  CHECK(check(lines).differences.total() == 0);
}

TEST_CASE("a result of open ports only is compared with the open ports only") {
  CHECK(check({result("10.0.0.1", 22, "open"), result("10.0.0.2", 22, "open")}).differences.total() == 0);
  const Checked one_missing = check({result("10.0.0.1", 22, "open")});
  CHECK(one_missing.differences.missed == 1);
  CHECK(one_missing.said == std::vector<std::string>{"missed 10.0.0.2:22: is open (syn-ack)"});
  CHECK(check({}).differences.missed == 2);
}

TEST_CASE("a result that shows other states must show all of them, unless that was not asked for") {
  std::vector<std::string> lines = all_right;
  lines.pop_back();
  CHECK(check(lines).differences.missed == 1);
  CHECK(check(lines, true).differences.total() == 0);
}

TEST_CASE("a state that the truth contradicts is false, whichever way") {
  CHECK(check(with(2, result("10.0.0.1", 23, "filtered"))).said ==
        std::vector<std::string>{"false 10.0.0.1:23: is closed (conn-refused), the result says filtered"});
  CHECK(check(with(3, result("10.0.0.1", 24, "closed"))).differences.wrong == 1);
  CHECK(check(with(2, result("10.0.0.1", 23, "open"))).differences.wrong == 1);
  CHECK(check(with(1, result("10.0.0.1", 22, "closed"))).differences.wrong == 1);
  CHECK(check(with(1, result("10.0.0.1", 22, "filtered")), true).differences.wrong == 1);
}

TEST_CASE("what nobody asked for is false") {
  std::vector<std::string> lines = all_right;
  lines.push_back(result("10.0.0.3", 22, "open"));
  lines.push_back(result("10.0.0.1", 25, "closed"));
  CHECK(check(lines).differences.wrong == 2);
}

TEST_CASE("what is said twice is said once too often, even if it is right") {
  std::vector<std::string> lines = all_right;
  lines.push_back(all_right[0]);
  const Checked checked = check(lines);
  CHECK(checked.differences.repeated == 1);
  CHECK(checked.said == std::vector<std::string>{"said twice 10.0.0.2:24: again in line 7"});
}

TEST_CASE("unknown is a difference where the host was there to be asked") {
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown"))).differences.undecided == 1);
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown")), false, "gone-at 1s\nback-at 2s\n").differences.undecided ==
        1);
}

TEST_CASE("a host that leaves for good may end unknown or unfound, but not filtered") {
  CHECK(check(with(1, result("10.0.0.1", 22, "unknown")), false, "gone-at 1s\n").differences.total() == 0);
  CHECK(check({}, false, "gone-at 1s\n").differences.total() == 0);
  CHECK(check(with(2, result("10.0.0.1", 23, "filtered")), false, "gone-at 1s\n").differences.wrong == 1);
}

TEST_CASE("a line that is no result is a difference of its own, quoted without its control bytes") {
  std::vector<std::string> lines = all_right;
  lines.emplace_back("\x1b[2J");
  lines.emplace_back(R"({"address":"10.0.0.1","port":22,"sta)");
  const Checked checked = check(lines);
  CHECK(checked.differences.unreadable == 2);
  REQUIRE(checked.said.size() == 1);
  CHECK(checked.said[0].find("unreadable line 7: '\\x1b[2J'") == 0);
}

TEST_CASE("only the first differences are listed, all are counted") {
  std::vector<std::string> lines;
  for (int i = 3; i < 100; ++i) lines.push_back(result(("10.0.0." + std::to_string(i)).c_str(), 22, "open"));
  const Checked checked = check(lines);
  CHECK(checked.differences.wrong == 97);
  CHECK(checked.said.size() == 21);
  CHECK(checked.said.back() == "... and more");
}
