// What to do about an answer that is not conclusive: the policy for VerdictKind::confirm and VerdictKind::ask_again.
// Pure, like classify().
#pragma once

#include <cstdint>

#include "core/classify.hpp"

namespace portloop {

/// A port of this machine is believed to be open after it was seen open from this many source ports: two of our own
/// sockets may meet by chance (simultaneous open), but not three times in a row.
constexpr uint8_t min_open_sightings = 3;

/// After this many resets right after the handshake, the reset is not an accident: the port is open, and its server
/// resets every connection.
constexpr uint8_t min_resets = 3;

/// After this many other anomalies the port is reported as unknown. So many because a socket that connected to itself
/// may well do so again: an ephemeral port range of ten ports makes it likely.
constexpr uint8_t max_anomalies = 100;

/// The inconclusive answers to one probe so far.
struct DoubtCounts {
  uint8_t open_sightings = 0;  ///< Connections to our own address (VerdictKind::confirm).
  uint8_t anomalies = 0;       ///< Self-connections, resets, aborts (VerdictKind::ask_again).

  friend constexpr bool operator==(const DoubtCounts&, const DoubtCounts&) = default;
};

enum class DoubtStep : uint8_t {
  ask_again,       ///< On a fresh socket, and so from another source port.
  believe_open,    ///< The port is open.
  report_unknown,  ///< Give up, with the verdict's error number.
};

/// Counts one more inconclusive answer and returns what to do next. `verdict.kind` is confirm or ask_again.
DoubtStep resolve_doubt(DoubtCounts& counts, const Verdict& verdict);

}  // namespace portloop
