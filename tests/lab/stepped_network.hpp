// A simulated network whose time is set by the test, and a peer that sends it single packets.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lab/responder.hpp"

namespace portloop::lab {

constexpr uint64_t ms = 1'000'000;
constexpr uint64_t second = 1000 * ms;
inline const Address me = *parse_address("100.64.0.1");
inline const Address host = *parse_address("10.0.0.1");

/// An answer, as the command's kernel would receive it.
struct Seen {
  uint64_t at_ns;
  std::vector<uint8_t> bytes;
  Segment segment;  // if is_tcp
  bool is_tcp = false;
  std::string payload;
  bool has(uint8_t flags) const { return is_tcp && segment.flags == flags; }
};

constexpr uint8_t syn_ack = tcp_flag::syn | tcp_flag::ack;
constexpr uint8_t rst_ack = tcp_flag::rst | tcp_flag::ack;
constexpr uint8_t fin_ack = tcp_flag::fin | tcp_flag::ack;

/// A simulated network with its clock, and a peer that sends single packets.
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
    bytes[to.family == Family::ipv4 ? 8 : 7] = hop_limit;
    responder_.receive(bytes, now_ns);
  }

  void syn(uint16_t port, uint16_t source_port = 40000, const Address& to = host) {
    send(tcp_flag::syn, port, 100, 0, {}, source_port, to);
  }

  /// Advances the clock by `duration_ns`. Returns the answers of that time, each taken when it was due.
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

  /// Completes a handshake. Returns the sequence number of the host's first byte.
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
  uint8_t hop_limit = 64;  ///< Of what the peer sends.

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

inline const std::string plain = "prefix 10.0.0.0/8 fd00::/16\nrtt 40ms\n";

}  // namespace portloop::lab
