// What is sent to services that wait for their client to begin, and in which order a port is asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "identify/reply.hpp"

namespace portloop {

/// Whom a greeting is for.
struct Greeted {
  std::string_view host;  ///< The name of the host, or its address as in a URL: "[2001:db8::1]".
  uint16_t port;
  bool tls;
};

/// The greeting of one protocol. Each is a question that changes nothing: no login, no write.
struct Probe {
  std::string_view name;
  std::string (*greeting)(const Greeted&);
  ReplyParser parse;
};

constexpr uint16_t dns_question_id = 0x706c;
constexpr uint32_t rpc_call_id = 0x706c706c;

extern const Probe http_probe, ehlo_probe;

/// How long a connection is listened to before anything is sent.
enum class Listen : uint8_t { not_at_all, briefly, long_enough };

/// One connection, unless the one before is still silent and of the same kind.
struct IdentifyStep {
  bool tls;
  Listen listen;
  const Probe* probe;   ///< nullptr: nothing is sent.
  bool likely = false;  ///< What the port's number stands for: worth a longer wait.
};

/// Handshakes of one port, with the one of the scan.
constexpr size_t max_handshakes = 5;

/// In which order a port is asked: what its number stands for, then what is frequent on any port. At most
/// max_handshakes. A printer's port is only listened to.
std::vector<IdentifyStep> steps_for(uint16_t port);
/// What is frequent on any port.
std::vector<IdentifyStep> steps_of_any_port();

/// What a server has sent without being asked.
Match parse_unasked(const Reply& reply, Finding& finding);

/// What servers of other protocols make of an HTTP request.
Match parse_reply_to_http(const Reply& reply, Finding& finding);

/// How a client of the protocol says goodbye; empty if it just leaves.
std::string_view farewell(std::string_view protocol);

}  // namespace portloop
