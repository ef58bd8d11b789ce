// THE table that turns what the kernel said about a connect into what is said about a port. Pure: it is
// given an errno and what the socket's error queue held, and asks nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "core/probe_result.hpp"

namespace portloop {

/// An ICMP error as the socket's error queue reports it (IP_RECVERR, IPV6_RECVERR).
struct IcmpError {
  Family family = Family::ipv4;
  uint8_t type = 0;
  uint8_t code = 0;
};

/// Who is at the other end of a connection.
enum class Peer : uint8_t {
  other,        ///< Its address is not the one that we call from.
  own_address,  ///< The same address: it may be a listener here, or another of our own sockets.
  self,         ///< The same address and port: the socket met its own SYN.
};

/// What was seen of one connect.
struct ConnectOutcome {
  int error_number = 0;    ///< 0: connected. EALREADY: pending.
  bool from_call = false;  ///< The connect call itself returned it: no packet was answered.
  std::optional<IcmpError> icmp;
  Peer peer = Peer::other;  ///< Only where connected.
  bool no_source = false;   ///< With EADDRNOTAVAIL: it is no port that lacks, this machine has no address to call from.

  /// What the call itself returned.
  static constexpr ConnectOutcome of_call(int error_number) {
    ConnectOutcome outcome;
    outcome.error_number = error_number;
    outcome.from_call = true;
    return outcome;
  }
};

enum class VerdictKind : uint8_t {
  answer,       ///< The target or the path said so: `state` and `reason` are final.
  pending,      ///< Nothing is known yet.
  silent,       ///< No answer to this ask; the port may be asked again.
  ask_again,    ///< An anomaly: ask again on a fresh socket.
  confirm,      ///< Open, unless two of our own sockets met (simultaneous open): ask from another source port.
  local_limit,  ///< Ours and passing, descriptors: fewer in flight, then again.
  local_wait,   ///< Ours and passing, ports or memory: fewer in flight, a pause, then again.
  cannot_ask,   ///< Ours and lasting: unknown, with `reason`.
};

struct Verdict {
  VerdictKind kind = VerdictKind::pending;
  PortState state = PortState::unknown;
  Reason reason = Reason::no_response;
  int error_number = 0;  ///< For Reason::local_error.

  friend constexpr bool operator==(const Verdict&, const Verdict&) = default;
};

/// Linux; elsewhere no error queue exists and `icmp` is never set. Sources: the kernel's
/// net/ipv4/tcp_ipv4.c tcp_v4_err(), net/ipv6/tcp_ipv6.c tcp_v6_err(), net/ipv4/icmp.c icmp_err_convert[].
Verdict classify(const ConnectOutcome& outcome);

}  // namespace portloop
