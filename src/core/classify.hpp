// The one table that turns the outcome of a connect into a verdict on the port. Pure: its input is an errno and what
// the socket's error queue contained.
#pragma once

#include <cstdint>
#include <optional>

#include "core/probe_result.hpp"

namespace portloop {

/// An ICMP error, as the socket's error queue reports it (IP_RECVERR, IPV6_RECVERR).
struct IcmpError {
  Family family = Family::ipv4;
  uint8_t type = 0;
  uint8_t code = 0;
  /// This machine sent it to itself: it found no neighbour, or a local firewall rejects.
  bool from_own_address = false;
};

/// The other end of a connection.
enum class Peer : uint8_t {
  other,        ///< Its address is not our source address.
  own_address,  ///< Our source address: either a listener on this machine or another of our own sockets.
  self,         ///< Our source address and port: the socket has connected to itself.
};

/// The outcome of one connect.
struct ConnectOutcome {
  int error_number = 0;    ///< 0: connected. EALREADY: pending.
  bool from_call = false;  ///< The error is this machine's own: the connect call returned it, or no packet carried it.
  std::optional<IcmpError> icmp;
  Peer peer = Peer::other;  ///< Only if connected.
  bool no_source = false;   ///< With EADDRNOTAVAIL: no source address is available, rather than no source port.

  /// The outcome if the call itself returned an error.
  static constexpr ConnectOutcome of_call(int error_number) {
    ConnectOutcome outcome;
    outcome.error_number = error_number;
    outcome.from_call = true;
    return outcome;
  }
};

enum class VerdictKind : uint8_t {
  answer,       ///< An answer from the target or the path: `state` and `reason` are final.
  pending,      ///< Nothing is known yet.
  silent,       ///< No answer to this attempt; the port can be probed again.
  ask_again,    ///< An anomaly: probe again with a new socket.
  confirm,      ///< Open, unless two of our own sockets have met (simultaneous open): probe from another source port.
  local_limit,  ///< A local, temporary shortage of descriptors: retry with fewer in flight.
  local_wait,   ///< A local, temporary shortage of ports or memory: retry after a pause with fewer in flight.
  cannot_ask,   ///< A local, permanent failure: unknown, with `reason`.
};

struct Verdict {
  VerdictKind kind = VerdictKind::pending;
  PortState state = PortState::unknown;
  Reason reason = Reason::no_response;
  int error_number = 0;       ///< For Reason::local_error.
  bool no_neighbour = false;  ///< With host_unreach: this machine reported it to itself.

  friend constexpr bool operator==(const Verdict&, const Verdict&) = default;
};

/// Whether a router has reported that its hop was the last (RFC 792; RFC 4443 section 3.3).
bool is_time_exceeded(const IcmpError& icmp);

/// Written for Linux; other systems have no error queue, so `icmp` is never set there. Sources: the kernel's
/// net/ipv4/tcp_ipv4.c tcp_v4_err(), net/ipv6/tcp_ipv6.c tcp_v6_err(), net/ipv4/icmp.c icmp_err_convert[].
Verdict classify(const ConnectOutcome& outcome);

}  // namespace portloop
