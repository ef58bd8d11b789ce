#include "lab/responder.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "lab/speech.hpp"

using namespace portloop;
using namespace portloop::lab;

namespace {

constexpr uint64_t ms = 1'000'000;
constexpr uint64_t second = 1000 * ms;
const Address me = *parse_address("100.64.0.1");
const Address host = *parse_address("10.0.0.1");

/// An answer as the command's kernel would see it.
struct Seen {
  uint64_t at_ns;
  std::vector<uint8_t> bytes;
  Segment segment;  // where is_tcp
  bool is_tcp = false;
  std::string payload;
  bool has(uint8_t flags) const { return is_tcp && segment.flags == flags; }
};

constexpr uint8_t syn_ack = tcp_flag::syn | tcp_flag::ack;
constexpr uint8_t rst_ack = tcp_flag::rst | tcp_flag::ack;
constexpr uint8_t fin_ack = tcp_flag::fin | tcp_flag::ack;

/// A network, its clock, and a peer that builds packets by hand.
class Network {
 public:
  explicit Network(const std::string& text, uint64_t luck_seed = 1)
      : profile_(parse(text)), responder_(profile_, luck_seed) {}

  void send(uint8_t flags, uint16_t port, uint32_t sequence = 100, uint32_t acknowledgement = 0,
            std::string_view payload = {}, uint16_t source_port = 40000, const Address& to = host) {
    Reply reply;
    reply.source = me;
    if (to.family == Family::ipv6) reply.source = *parse_address("fdff::1");
    reply.destination = to;
    reply.source_port = source_port;
    reply.destination_port = port;
    reply.sequence = sequence;
    reply.acknowledgement = acknowledgement;
    reply.flags = flags;
    reply.announce_max_segment = (flags & tcp_flag::syn) != 0;
    reply.payload = payload;
    Packet packet;
    build_segment(reply, packet);
    std::vector<uint8_t> bytes(packet.head().begin(), packet.head().end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    responder_.receive(bytes, now_ns);
  }

  void syn(uint16_t port, uint16_t source_port = 40000, const Address& to = host) {
    send(tcp_flag::syn, port, 100, 0, {}, source_port, to);
  }

  /// Lets `duration_ns` pass; what came meanwhile, each at the moment that it was due.
  std::vector<Seen> pass(uint64_t duration_ns) {
    std::vector<Seen> seen;
    const uint64_t end_ns = now_ns + duration_ns;
    for (int bound = 0; bound < 1000000 && responder_.next_due_ns() <= end_ns; ++bound) {
      now_ns = std::max(now_ns, responder_.next_due_ns());
      while (const Packet* packet = responder_.take_due(now_ns)) seen.push_back(see(*packet));
    }
    now_ns = end_ns;
    return seen;
  }

  /// A SYN and the ACK of its answer; the sequence number of the host's first byte.
  uint32_t connect(uint16_t port) {
    syn(port);
    const auto answers = pass(second / 2);
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].has(syn_ack));
    const uint32_t first_byte = answers[0].segment.sequence + 1;
    send(tcp_flag::ack, port, 101, first_byte);
    return first_byte;
  }

  Counters& counters() { return responder_.counters(); }
  Responder& responder() { return responder_; }
  uint64_t now_ns = 1000 * second;

 private:
  static Profile parse(const std::string& text) {
    const auto profile = parse_profile("test", text);
    REQUIRE_MESSAGE(profile, (profile ? "" : profile.error()));
    return *profile;
  }

  Seen see(const Packet& packet) const {
    Seen seen{now_ns, {packet.head().begin(), packet.head().end()}, {}, false, {}};
    seen.bytes.insert(seen.bytes.end(), packet.payload.begin(), packet.payload.end());
    if (const auto segment = parse_segment(seen.bytes)) {
      seen.is_tcp = true;
      seen.segment = *segment;
      seen.payload.assign(segment->payload.begin(), segment->payload.end());
    }
    return seen;
  }

  Profile profile_;
  Responder responder_;
};

const std::string plain = "prefix 10.0.0.0/8 fd00::/16\nrtt 40ms\n";

}  // namespace

TEST_CASE("a closed port answers with a RST after one round trip, an open one with a SYN-ACK") {
  Network network(plain + "open 22\n");
  const uint64_t start_ns = network.now_ns;
  network.syn(21);
  network.syn(22);
  CHECK(network.pass(39 * ms).empty());
  const auto answers = network.pass(2 * ms);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].has(rst_ack));
  CHECK(answers[0].segment.acknowledgement == 101);
  CHECK(answers[0].segment.source_port == 21);
  CHECK(answers[0].at_ns == start_ns + 40 * ms);
  CHECK(answers[1].has(syn_ack));
  CHECK(answers[1].segment.acknowledgement == 101);
  CHECK(answers[1].segment.source == host);
  CHECK(answers[1].segment.destination == me);
  CHECK(answers[1].segment.destination_port == 40000);
  CHECK(network.counters().peak_half_open == 1);
}

TEST_CASE("IPv6 hosts answer like IPv4 ones") {
  Network network(plain + "open 22\n");
  const Address ipv6 = *parse_address("fd00::7");
  network.syn(22, 40000, ipv6);
  network.syn(23, 40000, ipv6);
  const auto answers = network.pass(second / 2);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].has(syn_ack));
  CHECK(answers[0].segment.source == ipv6);
  CHECK(answers[1].has(rst_ack));
}

TEST_CASE("a filtered port, an address without a host and one outside every prefix stay silent") {
  Network network("prefix 10.0.0.0/24\nopen 22\nclosed silent\nprefix 10.0.1.0/24\nexists 0%\n");
  network.syn(23);
  network.syn(22, 40000, *parse_address("10.0.1.1"));
  network.syn(22, 40000, *parse_address("11.0.0.1"));
  CHECK(network.pass(60 * second).empty());
  CHECK(network.counters().syns == 3);
}

TEST_CASE("an unreachable port answers with ICMP: the port's from the host, the others from its router") {
  const auto answer = [](const std::string& refusal, const char* to) {
    Network network("prefix 10.0.0.0/8\nclosed " + refusal + "\n");
    network.syn(9, 40000, *parse_address(to));
    const auto answers = network.pass(second);
    REQUIRE(answers.size() == 1);
    const std::vector<uint8_t>& bytes = answers[0].bytes;
    CHECK(bytes[9] == 1);
    return std::to_string(bytes[20]) + '/' + std::to_string(bytes[21]) + " from " + std::to_string(bytes[12]) + '.' +
           std::to_string(bytes[13]) + '.' + std::to_string(bytes[14]) + '.' + std::to_string(bytes[15]);
  };
  CHECK(answer("port-unreachable", "10.0.0.9") == "3/3 from 10.0.0.9");
  CHECK(answer("host-unreachable", "10.0.0.9") == "3/1 from 10.0.0.1");
  CHECK(answer("net-unreachable", "10.0.0.9") == "3/0 from 10.0.0.1");
  CHECK(answer("admin-prohibited", "10.0.0.1") == "3/13 from 10.0.0.254");
}

TEST_CASE("a repeated SYN of the same handshake gets the same SYN-ACK again") {
  Network network(plain + "open 22\n");
  network.syn(22);
  const auto first = network.pass(100 * ms);
  network.syn(22);
  const auto second_time = network.pass(100 * ms);
  REQUIRE(first.size() == 1);
  REQUIRE(second_time.size() == 1);
  CHECK(first[0].bytes == second_time[0].bytes);
  CHECK(network.counters().syn_repeated == 1);
  CHECK(network.counters().peak_half_open == 1);
}

TEST_CASE("a new SYN on a known four-tuple starts over") {
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

TEST_CASE("an unanswered SYN-ACK is sent again after 1, 3, 7 and 15 s, then the handshake expires") {
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

TEST_CASE("an established connection that falls silent is forgotten after a minute") {
  Network network(plain + "open 22 says nothing\n");
  network.connect(22);
  CHECK(network.pass(59 * second).empty());
  CHECK(network.responder().connections() == 1);
  CHECK(network.pass(2 * second).empty());
  CHECK(network.responder().connections() == 0);
}

TEST_CASE("an SSH port says its banner as soon as the handshake is complete, and once") {
  Network network(plain + "open 22 says ssh\n");
  const uint32_t first_byte = network.connect(22);
  const auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].payload == script_of(Speech::ssh).text);
  CHECK(answers[0].segment.sequence == first_byte);
  network.send(tcp_flag::ack, 22, 101, first_byte + static_cast<uint32_t>(answers[0].payload.size()));
  CHECK(network.pass(30 * second).empty());
}

TEST_CASE("what the peer does not acknowledge is sent again, later each time, and then given up") {
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

TEST_CASE("a RST ends a handshake and a connection without a word") {
  Network network(plain + "open 22 says nothing\n");
  network.syn(22);
  network.pass(100 * ms);
  network.send(tcp_flag::rst, 22, 101);
  CHECK(network.pass(100 * second).empty());
  CHECK(network.responder().connections() == 0);
  CHECK(network.counters().half_open == 0);
}

TEST_CASE("a dripping port says one byte a second for as long as it is acknowledged") {
  Network network(plain + "open 22 says drip\n");
  const uint32_t first_byte = network.connect(22);
  std::string heard;
  const std::string_view text = script_of(Speech::drip).text;
  for (size_t i = 0; i < 2 * text.size(); ++i) {
    const auto answers = network.pass(100 * ms);
    REQUIRE(answers.size() == 1);
    REQUIRE(answers[0].payload.size() == 1);
    heard += answers[0].payload;
    network.send(tcp_flag::ack, 22, 101, first_byte + static_cast<uint32_t>(heard.size()));
    CHECK(network.pass(900 * ms).empty());
  }
  CHECK(heard == std::string(text) + std::string(text));
}

TEST_CASE("a hostile port's long text comes in segments that fit the peer, in order") {
  Network network(plain + "jitter 10ms\nopen 22 says hostile\n");
  const uint32_t first_byte = network.connect(22);
  const auto answers = network.pass(150 * ms);
  std::string heard;
  for (const Seen& seen : answers) {
    CHECK(seen.segment.sequence == first_byte + heard.size());
    CHECK(seen.payload.size() <= 1460);
    heard += seen.payload;
  }
  CHECK(heard == script_of(Speech::hostile).text);
  CHECK(answers.size() > 1);
  CHECK(heard.find('\0') != std::string::npos);
  CHECK(heard.find("\x1b[") != std::string::npos);
  CHECK(heard.find("]]>") != std::string::npos);
}

TEST_CASE("a resetting port completes the handshake and resets at once") {
  Network network(plain + "open 22 says reset\n");
  network.connect(22);
  const auto answers = network.pass(100 * ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].has(rst_ack));
  CHECK(network.responder().connections() == 0);
  CHECK(network.counters().half_open == 0);
}

TEST_CASE("a segment out of order is not taken, what was expected is acknowledged again") {
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

TEST_CASE("a host sends no more RSTs a second than its limit, and SYN-ACKs don't count") {
  Network network(plain + "rst-per-second 100 burst 5\nopen 1-50\n");
  uint32_t rsts = 0, syn_acks = 0;
  for (uint16_t i = 0; i < 1000; ++i) {
    network.syn(static_cast<uint16_t>(i % 50 + 1), static_cast<uint16_t>(20000 + i));
    network.syn(static_cast<uint16_t>(i + 100));
    for (const Seen& seen : network.pass(2 * ms)) (seen.has(rst_ack) ? rsts : syn_acks) += 1;
  }
  for (const Seen& seen : network.pass(50 * ms)) (seen.has(rst_ack) ? rsts : syn_acks) += 1;
  CHECK(rsts >= 204);
  CHECK(rsts <= 206);
  CHECK(network.counters().rst_withheld == 1000 - rsts);
  CHECK(syn_acks >= 1000);
}

TEST_CASE("a host that rested sends no more RSTs at once than its burst") {
  Network network(plain + "rst-per-second 100 burst 5\n");
  network.syn(1);
  network.pass(10 * second);
  for (uint16_t port = 2; port <= 100; ++port) network.syn(port);
  CHECK(network.pass(50 * ms).size() == 5);
}

TEST_CASE("the limit of RSTs is each host's own") {
  Network network(plain + "rst-per-second 1 burst 1\n");
  network.syn(1);
  network.syn(2);
  network.syn(1, 40000, *parse_address("10.0.0.2"));
  CHECK(network.pass(second).size() == 2);
}

TEST_CASE("loss takes its share in each direction, and each retry is another draw") {
  Network network(plain + "loss out 10% back 20%\n");
  std::vector<bool> heard(10001);
  uint32_t silent = 10000, syns = 0;
  for (int attempt = 1; attempt <= 4; ++attempt) {
    CAPTURE(attempt);
    for (uint16_t port = 1; port <= 10000; ++port) {
      if (!heard[port]) network.syn(port);
    }
    syns += silent;
    const auto answers = network.pass(second);
    CHECK(answers.size() == doctest::Approx(silent * 0.72).epsilon(0.08));
    for (const Seen& seen : answers) heard[seen.segment.source_port] = true;
    silent -= static_cast<uint32_t>(answers.size());
  }
  CHECK(network.counters().dropped == syns - (10000 - silent));
  CHECK(network.counters().syn_repeated == syns - 10000);
}

TEST_CASE("which packets are lost is the same in each run, and another with another seed") {
  const auto heard = [](uint64_t seed) {
    Network network(plain + "loss 30%\n", seed);
    for (uint16_t port = 1; port <= 1000; ++port) network.syn(port, static_cast<uint16_t>(20000 + port));
    std::vector<uint16_t> ports;
    for (const Seen& seen : network.pass(second)) ports.push_back(seen.segment.source_port);
    return ports;
  };
  CHECK(heard(1) == heard(1));
  CHECK(heard(1) != heard(2));
}

TEST_CASE("jitter adds up to its amount to the round trip") {
  Network network(plain + "jitter 10ms\n");
  const uint64_t start_ns = network.now_ns;
  for (uint16_t port = 1; port <= 1000; ++port) network.syn(port);
  uint64_t first_ns = UINT64_MAX, last_ns = 0;
  for (const Seen& seen : network.pass(second)) {
    first_ns = std::min(first_ns, seen.at_ns - start_ns);
    last_ns = std::max(last_ns, seen.at_ns - start_ns);
  }
  CHECK(first_ns >= 40 * ms);
  CHECK(first_ns < 41 * ms);
  CHECK(last_ns > 49 * ms);
  CHECK(last_ns < 50 * ms);
}

TEST_CASE("a host that goes away is silent from then on, and answers again once it is back") {
  Network network(plain + "gone-at 1s\nback-at 3s\n");
  for (int second_number = 0; second_number < 5; ++second_number) {
    CAPTURE(second_number);
    network.syn(static_cast<uint16_t>(second_number + 1));
    const bool away = second_number == 1 || second_number == 2;
    CHECK(network.pass(second).size() == (away ? 0 : 1));
  }
}

TEST_CASE("a host that goes away counts from its own first packet, and stays away where nothing brings it back") {
  Network network(plain + "gone-at 1s\n");
  network.syn(1);
  CHECK(network.pass(2 * second).size() == 1);
  network.syn(2);
  network.syn(1, 40000, *parse_address("10.0.0.2"));
  CHECK(network.pass(60 * second).size() == 1);
  network.syn(3);
  CHECK(network.pass(second).empty());
}

TEST_CASE("an answer that is taken too late is counted, and one that is not isn't") {
  Network network(plain);
  network.syn(1);
  network.now_ns += 45 * ms;  // 40 ms + 2 ms + a tenth of the RTT is tolerated
  CHECK(network.responder().take_due(network.now_ns) != nullptr);
  CHECK(network.counters().late == 0);
  network.syn(2);
  network.now_ns += 47 * ms;
  CHECK(network.responder().take_due(network.now_ns) != nullptr);
  CHECK(network.counters().late == 1);
  CHECK(network.counters().bottleneck());
}

TEST_CASE("the peak rate is the most SYNs in any tenth of a second") {
  Network network(plain);
  for (uint16_t i = 0; i < 100; ++i) {
    network.syn(static_cast<uint16_t>(i + 1));
    network.pass(second / 100);
  }
  CHECK(network.counters().syn_rate.per_second() == 100);
  for (uint16_t i = 0; i < 50; ++i) network.syn(static_cast<uint16_t>(i + 1));
  CHECK(network.counters().syn_rate.per_second() >= 590);
  CHECK(network.counters().syn_rate.per_second() <= 600);
}

TEST_CASE("packets of any bytes do no harm") {
  Network network(plain + "open 22\n");
  uint64_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> bytes(mix64(state += 1) % 100);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(mix64(state += 1));
    if (!bytes.empty()) bytes[0] = i % 2 == 0 ? 0x45 : 0x60;
    if (bytes.size() > 20 && i % 2 == 0) {
      bytes[2] = 0, bytes[3] = static_cast<uint8_t>(bytes.size()), bytes[6] = 0x40, bytes[7] = 0, bytes[9] = 6;
      bytes[16] = 10;
    }
    network.responder().receive(bytes, network.now_ns);
  }
  network.pass(60 * second);
  CHECK(network.counters().packets_in == 20000);
}
