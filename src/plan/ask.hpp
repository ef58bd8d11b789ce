// One connect that the plan wants made.
#pragma once

#include <cstdint>

#include "core/probe_result.hpp"

namespace portloop {

/// Why a probe is sent.
enum class ProbeKind : uint8_t {
  fresh,     ///< The first ask of a port.
  retry,     ///< A silent port, asked again.
  check,     ///< A port that is known to answer, asked again to measure loss.
  recovery,  ///< The same, to see whether its host is back: says nothing of the path.
  witness,   ///< The same, to see whether the path is alive; it belongs to no block.
  hop,       ///< With a hop limit of 1, to see whether the first router has room; it belongs to no block.
  decoy,     ///< A port that is not scanned, to see whether its host accepts everything.
  proof,     ///< A port that is known to answer, to see whether its host has banned us.
};

/// Whether the outcome of such an ask is its port's result. Otherwise the port has its result already, or needs none.
constexpr bool is_probe(ProbeKind kind) { return kind == ProbeKind::fresh || kind == ProbeKind::retry; }

/// Whether such an ask is of a host, and so has a block.
constexpr bool belongs_to_block(ProbeKind kind) { return kind != ProbeKind::witness && kind != ProbeKind::hop; }

/// Kept by the caller while the connect is in flight, and handed back to the plan with its outcome.
struct Ask {
  Endpoint endpoint;
  uint64_t position = 0;    ///< In the shard's order.
  uint64_t tag = 0;         ///< See ProbeResult::tag.
  uint32_t block = 0;       ///< Index of the live block.
  uint32_t probe = 0;       ///< Index of the probe in its block; Host::no_probe for a decoy.
  uint32_t host = 0;        ///< Index of the host in its block.
  uint64_t serial = 0;      ///< In SendControl. Unique to this ask.
  uint64_t sent_us = 0;     ///< When the plan asked for it.
  uint32_t sweep_at = 0;    ///< How far its block's pass had come.
  uint32_t timeout_us = 0;  ///< As it was when sent; see ProbePlan::timeout_now_us().
  uint8_t attempt = 1;      ///< 1 for the first ask of its port; saturates at ProbeLedger::max_attempts.
  uint8_t pass = 1;         ///< The block's pass when it was asked.
  ProbeKind kind = ProbeKind::fresh;
  bool early = false;          ///< Of an early port (EarlyPorts): its answer promises nothing for other ports.
  bool judged = true;          ///< Its outcome shows what the path carries.
  bool unresolved = false;     ///< Sent before the neighbour was resolved: the wait may include that for the neighbour.
  bool lacked_route = false;   ///< It failed for lack of a route before.
  uint8_t local_failures = 0;  ///< How many times it failed on our side with nothing else in flight.

  bool is_probe() const { return portloop::is_probe(kind); }
};

}  // namespace portloop
