// One connect to one endpoint, step by step, as the scanner makes it: the same socket, the same questions to it, the
// same table of verdicts.
//
// Happy path: a non-blocking socket, connect(), a wait until it is ready, a second connect() that returns how the first
// one ended, and classify().
//
// What goes wrong: every failure is an outcome that classify() has a verdict for. If the timer fires, the socket is
// asked once more before the connect counts as silent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/classify.hpp"

namespace portloop {

/// What was done, and what was seen. For people.
struct ConnectStep {
  uint64_t at_us;  ///< Since the connect call; 0 if before it.
  const char* name;
  std::string seen;
};

struct ObservedConnect {
  std::optional<Endpoint> local;  ///< Our end, if the system has chosen one.
  std::optional<int> call_error;  ///< Of the connect call, EINPROGRESS included; not set if no socket was opened.
  bool timed_out = false;         ///< The timer fired before there was an answer.
  uint32_t retransmissions = 0;   ///< SYNs that the kernel sent again meanwhile.
  ConnectOutcome outcome;
  std::optional<Address> icmp_sender;
  uint64_t took_us = 0;  ///< From the connect call to the answer or the timer.
  Verdict verdict;
};

/// Blocks for up to `timeout_ms`. `source`: see spare_loopback_address(). `on_step` is called soon after each step.
ObservedConnect observe_connect(const Endpoint& endpoint, const std::optional<Address>& source, uint32_t timeout_ms,
                                const std::function<void(const ConnectStep&)>& on_step);

/// "ECONNREFUSED"; "E200" if the number has no name here.
std::string errno_name(int error_number);

/// "ECONNREFUSED (connection refused)"; "none" for 0.
std::string errno_text(int error_number);

/// "ICMP type 3 code 13 (administratively prohibited) from 10.0.0.1".
std::string icmp_text(const IcmpError& icmp, const std::optional<Address>& sender);

}  // namespace portloop
