// Connections to simulated hosts, from the handshake to their end.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lab/speech.hpp"
#include "lab/stepped_network.hpp"

using namespace portloop;
using namespace portloop::lab;

TEST_CASE("a new SYN on a known four-tuple replaces the connection") {
  Network network(plain + "open 22 says ssh\n");
  network.connect(22);
  network.pass(50 * ms);
  network.send(tcp_flag::syn, 22, 5000);
  const auto answers = network.pass(50 * ms);
  REQUIRE(answers.size() == 1);
  REQUIRE(answers[0].has(syn_ack));
  CHECK(answers[0].segment.acknowledgement == 5001);
  network.send(tcp_flag::ack, 22, 5001, answers[0].segment.sequence + 1);
  const auto banner = network.pass(50 * ms);
  REQUIRE(banner.size() == 1);
  CHECK(banner[0].payload == script_of(Speech::ssh).text);
  CHECK(banner[0].segment.sequence == answers[0].segment.sequence + 1);
  CHECK(network.responder().connections() == 1);
}

TEST_CASE("an unanswered SYN-ACK is retransmitted after 1, 3, 7 and 15 s, then the handshake expires") {
  Network network(plain + "open 22\n");
  const uint64_t start_ns = network.now_ns + 40 * ms;
  network.syn(22);
  const auto answers = network.pass(120 * second);
  REQUIRE(answers.size() == 5);
  const uint64_t expected_s[] = {0, 1, 3, 7, 15};
  for (size_t i = 0; i < answers.size(); ++i) CHECK(answers[i].at_ns == start_ns + expected_s[i] * second);
  CHECK(network.responder().connections() == 0);
  CHECK(network.counters().half_open == 0);
}

TEST_CASE("an established connection is dropped after a minute of silence") {
  Network network(plain + "open 22 says nothing\n");
  network.connect(22);
  CHECK(network.pass(59 * second).empty());
  CHECK(network.responder().connections() == 1);
  CHECK(network.pass(2 * second).empty());
  CHECK(network.responder().connections() == 0);
}

TEST_CASE("an SSH port sends its banner once, right after the handshake") {
  Network network(plain + "open 22 says ssh\n");
  const uint32_t first_byte = network.connect(22);
  const auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].payload == script_of(Speech::ssh).text);
  CHECK(answers[0].segment.sequence == first_byte);
  network.send(tcp_flag::ack, 22, 101, first_byte + static_cast<uint32_t>(answers[0].payload.size()));
  CHECK(network.pass(30 * second).empty());
}

TEST_CASE("unacknowledged data is retransmitted with increasing delays, and then given up") {
  Network network(plain + "open 22 says ssh\n");
  network.connect(22);
  const auto answers = network.pass(59 * second);
  CHECK(answers.size() == 8);
  for (const Seen& seen : answers) CHECK(seen.payload == script_of(Speech::ssh).text);
  for (size_t i = 2; i < answers.size(); ++i) {
    CHECK(answers[i].at_ns - answers[i - 1].at_ns == 2 * (answers[i - 1].at_ns - answers[i - 2].at_ns));
  }
  CHECK(network.responder().connections() == 0);
}

TEST_CASE("an HTTP port waits for the whole request, answers it, and closes") {
  Network network(plain + "open 80 says http\n");
  const uint32_t first_byte = network.connect(80);
  CHECK(network.pass(second).empty());
  network.send(tcp_flag::ack, 80, 101, first_byte, "GET / HTTP/1.0\r\n\r");
  auto answers = network.pass(second / 10);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].payload.empty());
  CHECK(answers[0].segment.acknowledgement == 118);
  network.send(tcp_flag::ack, 80, 118, first_byte, "\n");
  answers = network.pass(second / 10);
  REQUIRE(answers.size() == 3);
  CHECK(answers[1].payload == script_of(Speech::http).text);
  CHECK(answers[2].has(fin_ack));
  const uint32_t after_fin = answers[2].segment.sequence + 1;
  network.send(fin_ack, 80, 119, after_fin);
  answers = network.pass(second / 10);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].segment.acknowledgement == 120);
  CHECK(network.responder().connections() == 0);
}

TEST_CASE("a peer that closes first gets its FIN acknowledged and another one back") {
  Network network(plain + "open 22 says nothing\n");
  const uint32_t first_byte = network.connect(22);
  network.send(fin_ack, 22, 101, first_byte);
  const auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].segment.acknowledgement == 102);
  CHECK(answers[1].has(fin_ack));
  network.send(tcp_flag::ack, 22, 102, first_byte + 1);
  CHECK(network.pass(100 * ms).empty());
  CHECK(network.responder().connections() == 0);
}

TEST_CASE("a RST silently ends a handshake and a connection") {
  Network network(plain + "open 22 says nothing\n");
  network.syn(22);
  network.pass(100 * ms);
  network.send(tcp_flag::rst, 22, 101);
  CHECK(network.pass(100 * second).empty());
  CHECK(network.responder().connections() == 0);
  CHECK(network.counters().half_open == 0);
}

TEST_CASE("a dripping port sends one byte a second for as long as the peer acknowledges") {
  Network network(plain + "open 22 says drip\n");
  const uint32_t first_byte = network.connect(22);
  std::string received;
  const std::string_view text = script_of(Speech::drip).text;
  for (size_t i = 0; i < 2 * text.size(); ++i) {
    const auto answers = network.pass(100 * ms);
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].payload.size() == 1);
    received += answers[0].payload;
    network.send(tcp_flag::ack, 22, 101, first_byte + static_cast<uint32_t>(received.size()));
    CHECK(network.pass(900 * ms).empty());
  }
  CHECK(received == std::string(text) + std::string(text));
}

TEST_CASE("a hostile port's long text arrives in order, in segments that fit the peer") {
  Network network(plain + "jitter 10ms\nopen 22 says hostile\n");
  const uint32_t first_byte = network.connect(22);
  const auto answers = network.pass(150 * ms);
  std::string received;
  for (const Seen& seen : answers) {
    CHECK(seen.segment.sequence == first_byte + received.size());
    CHECK(seen.payload.size() <= 1460);
    received += seen.payload;
  }
  CHECK(received == script_of(Speech::hostile).text);
  CHECK(answers.size() > 1);
  CHECK(received.find('\0') != std::string::npos);
  CHECK(received.find("\x1b[") != std::string::npos);
  CHECK(received.find("]]>") != std::string::npos);
}

TEST_CASE("a resetting port completes the handshake and resets immediately") {
  Network network(plain + "open 22 says reset\n");
  network.connect(22);
  const auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].has(rst_ack));
  CHECK(network.responder().connections() == 0);
  CHECK(network.counters().half_open == 0);
}

TEST_CASE("a segment out of order is ignored, and what was expected is acknowledged again") {
  Network network(plain + "open 22 says nothing\n");
  const uint32_t first_byte = network.connect(22);
  network.send(tcp_flag::ack, 22, 105, first_byte, "late");
  const auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].segment.acknowledgement == 101);
}

TEST_CASE("a segment that belongs to no connection is answered with a RST, unless the port is filtered") {
  Network network(plain + "open 22\nclosed 23 silent\n");
  network.send(tcp_flag::ack, 22, 1, 777);
  network.send(tcp_flag::ack, 23, 1, 777);
  network.send(tcp_flag::rst, 22, 1, 777);
  const auto answers = network.pass(second);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].has(tcp_flag::rst));
  CHECK(answers[0].segment.sequence == 777);
}
