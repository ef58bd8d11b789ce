// What is said about one port of one host, and why.
#pragma once

#include <cstdint>
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

/// "open", "closed", "filtered", "unknown".
std::string_view to_text(PortState state);

/// "syn-ack", ..., and "local-error:EMFILE" for a local error.
std::string reason_text(Reason reason, int error_number);
std::string_view to_text(Reason reason);

/// "EMFILE" for EMFILE; "E123" where the number has no name here.
std::string error_name(int error_number);

}  // namespace portloop
