// The result of a probe: the state of one port of one host, and the reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hpp"

namespace portloop {

class KeptConnection;

struct Endpoint {
  Address address;
  uint16_t port = 0;
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Both enums have the values of those in include/portloop/portloop.h; src/capi asserts it. Text and files have the
// words instead.

/// Only an answer from the target or from the path makes a port open, closed or filtered; a failure on our own side
/// leaves it unknown.
enum class PortState : uint8_t { open, closed, filtered, unknown };

/// The words are nmap's if it has one.
enum class Reason : uint8_t {
  syn_ack,
  conn_refused,
  no_response,
  port_unreach,
  host_unreach,
  net_unreach,
  proto_unreach,
  admin_prohibited,
  local_error,  ///< unknown: ProbeResult::error_number is the cause
  no_route,     ///< unknown: this machine has no route to the address, or its gateway is not there
  host_lost,    ///< unknown: the host answered at first, then no longer
  banned,       ///< unknown: the host answered at first, then refused everything
};

struct ProbeResult {
  Endpoint endpoint;
  uint64_t position = 0;  ///< In the shard's order; unique to the probe.
  PortState state = PortState::unknown;
  Reason reason = Reason::local_error;
  int error_number = 0;         ///< errno of Reason::local_error, else 0.
  uint64_t rtt_us = 0;          ///< From the connect call to the answer; 0 if there was none.
  uint32_t attempts = 0;        ///< How many times the port was probed; 0 if its host was given up before.
  bool all_ports_open = false;  ///< Its host accepts connections on every port: that this one is open means little.
  uint64_t tag = 0;             ///< The caller's, of the range that the address was added with.
  std::string_view banner;      ///< The first bytes that an open port sent, raw; valid only during the callback.
  /// To an open port, for the callback to take over; nullptr if connections are not kept.
  KeptConnection* connection = nullptr;
};

/// "open", "closed", "filtered", "unknown", and back.
std::string_view to_text(PortState state);
std::optional<PortState> parse_port_state(std::string_view text);

/// "syn-ack", "conn-refused", ..., without the error number.
std::string_view to_text(Reason reason);

/// A reason with the error number that belongs to Reason::local_error; 0 with any other reason.
struct FullReason {
  Reason reason;
  int error_number;
  friend constexpr bool operator==(const FullReason&, const FullReason&) = default;
};

/// "syn-ack", ..., and "local-error:EMFILE" for a local error, or "local-error:E123" if the number has no name here.
std::string reason_text(Reason reason, int error_number);
/// The inverse of reason_text() for error numbers that Linux has; nullopt for any other text.
std::optional<FullReason> parse_reason(std::string_view text);

}  // namespace portloop
