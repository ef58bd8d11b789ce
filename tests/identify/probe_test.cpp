#include "identify/probe.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/printer_ports.hpp"

using namespace portloop;

TEST_CASE("no port is asked on more than five connections") {
  for (unsigned port = 1; port < 65'536; ++port) {
    CAPTURE(port);
    const auto steps = steps_for(static_cast<uint16_t>(port));
    REQUIRE_FALSE(steps.empty());
    CHECK(steps.size() <= max_handshakes);
    // Nothing is asked twice.
    std::set<std::pair<bool, const Probe*>> seen;
    for (const IdentifyStep& step : steps) CHECK(seen.insert({step.tls, step.probe}).second);
  }
}

TEST_CASE("printers are sent nothing") {
  for (uint16_t port = 9090; port < 9120; ++port) {
    const bool is_printer = port >= 9100 && port <= 9107;
    CHECK(is_printer_port(port) == is_printer);
    if (!is_printer) continue;
    for (const IdentifyStep& step : steps_for(port)) {
      CHECK(step.probe == nullptr);
      CHECK_FALSE(step.tls);
    }
  }
}

TEST_CASE("a port is asked first for what its number stands for") {
  CHECK(steps_for(443).front().tls);
  CHECK(steps_for(443).front().probe == &http_probe);
  CHECK(steps_for(80).front().probe == &http_probe);
  CHECK(steps_for(22).front().probe == nullptr);
  CHECK(steps_for(22).front().listen == Listen::long_enough);
  CHECK(std::string(steps_for(6379).front().probe->name) == "redis");
  CHECK(steps_for(40'000).front().listen == Listen::briefly);
}

TEST_CASE("greetings have the lengths that they state") {
  const auto greeting_of = [](uint16_t port) {
    return steps_for(port).front().probe->greeting({"10.0.0.1", port, false});
  };
  const auto byte = [](const std::string& text, size_t i) {
    return static_cast<size_t>(static_cast<uint8_t>(text[i]));
  };
  CHECK(byte(greeting_of(53), 1) == greeting_of(53).size() - 2);
  CHECK(byte(greeting_of(111), 3) == greeting_of(111).size() - 4);
  CHECK(byte(greeting_of(389), 1) == greeting_of(389).size() - 2);
  CHECK(byte(greeting_of(445), 3) == greeting_of(445).size() - 4);
  CHECK(byte(greeting_of(1194), 1) == greeting_of(1194).size() - 2);
  CHECK(byte(greeting_of(1883), 1) == greeting_of(1883).size() - 2);
  CHECK(byte(greeting_of(3389), 3) == greeting_of(3389).size());
  CHECK(byte(greeting_of(5432), 3) == greeting_of(5432).size());
  CHECK(greeting_of(5672).size() == 8);
  CHECK(greeting_of(6000).size() == 12);
  CHECK(byte(greeting_of(27017), 0) == greeting_of(27017).size());
  CHECK(byte(greeting_of(27017), 21) == greeting_of(27017).size() - 21);
  CHECK(std::stoul(greeting_of(9418).substr(0, 4), nullptr, 16) == greeting_of(9418).size());
  CHECK(greeting_of(80).find("\r\nHost: 10.0.0.1\r\n") != std::string::npos);
  CHECK(greeting_of(8080).find("\r\nHost: 10.0.0.1:8080\r\n") != std::string::npos);
}
