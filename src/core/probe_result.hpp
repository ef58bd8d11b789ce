// What is said about one port of one host, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hpp"

namespace portloop {

struct Endpoint {
  Address address;
  uint16_t port = 0;
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// open, closed and filtered are said only when the target or the path said so; what fails on our own side
/// is unknown.
enum class PortState : uint8_t { open, closed, filtered, unknown };

/// nmap's words where it has one.
enum class Reason : uint8_t {
  syn_ack,
  conn_refused,
  no_response,
  port_unreach,
  host_unreach,
  net_unreach,
  proto_unreach,
  admin_prohibited,
  local_error,  ///< unknown; ProbeResult::error_number says which
  no_route,     ///< unknown; this machine has no way to the address
  host_lost,    ///< unknown; the host answered and then stopped
  interrupted,  ///< unknown; the scan ended first
};

struct ProbeResult {
  Endpoint endpoint;
  uint64_t position = 0;  ///< In the shard's order; each probe has one of its own.
  PortState state = PortState::unknown;
  Reason reason = Reason::interrupted;
  int error_number = 0;     ///< errno of Reason::local_error, else 0.
  uint64_t rtt_us = 0;      ///< From the connect call to the answer; 0 where there was none.
  uint32_t attempts = 0;    ///< How often the port was asked, at least 1 but for a result that was never asked.
  std::string_view banner;  ///< What an open port said first, raw bytes; valid only during the callback.
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
