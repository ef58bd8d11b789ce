// Whether the models answered the same, and right. Pure functions.
//
// The reference is the lab's truth where there is a lab. Elsewhere it is what the runs say together: a port
// is open where at least half of the runs that know say so (a tie is open: a handshake is evidence, silence
// is not), and otherwise closed or filtered by majority.
#pragma once

#include <cstdint>
#include <vector>

#include "models/model.hpp"

namespace portloop::compare {

/// One state for each probe, in address and port order; ProbeState::none where nothing is known.
using Verdicts = std::vector<ProbeState>;

Verdicts consensus(const std::vector<const Verdicts*>& runs);

struct Correctness {
  uint64_t found = 0;         ///< Open ports of the reference that were found.
  uint64_t missed = 0;        ///< Open ports that were said to be closed or filtered.
  uint64_t wrongly_open = 0;  ///< Said open, and not open in the reference.
  uint64_t unknown = 0;       ///< Probes without a verdict.
  uint64_t misjudged = 0;     ///< Closed said to be filtered, or the other way round.
  /// Whether the open ports are those of the reference, and nothing is unknown.
  bool right() const { return missed + wrongly_open + unknown == 0; }
};

Correctness judge(const Verdicts& said, const Verdicts& reference);

/// The worse of each number: what a person must reckon with.
Correctness worse(const Correctness& a, const Correctness& b);

uint64_t open_in(const Verdicts& verdicts);

}  // namespace portloop::compare
