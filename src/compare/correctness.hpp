// Whether the models' results are right. Pure functions.
//
// They are compared with a reference: the lab's ground truth if there is a lab, otherwise the consensus of the runs. By
// consensus a port is open if at least half of the runs that know its state found it open (a tie is open, because a
// handshake is evidence and silence is not); otherwise it is closed or filtered by majority.
#pragma once

#include <cstdint>
#include <vector>

#include "models/model.hpp"

namespace portloop::compare {

/// One state for each probe, in address and port order. ProbeState::none if it is not known.
using Verdicts = std::vector<ProbeState>;

Verdicts consensus(const std::vector<const Verdicts*>& runs);

struct Correctness {
  uint64_t found = 0;         ///< Open ports reported as open.
  uint64_t missed = 0;        ///< Open ports reported as closed or filtered.
  uint64_t wrongly_open = 0;  ///< Ports reported as open that are not.
  uint64_t unknown = 0;       ///< Probes without a known state.
  uint64_t misjudged = 0;     ///< Closed ports reported as filtered, or the other way round.
  uint64_t errors() const { return missed + wrongly_open + unknown + misjudged; }
};

/// Returns whether the reported state is an error: unknown, or another one than the reference. If the reference does
/// not know the state, only "open" is.
bool wrong(ProbeState reported, ProbeState reference);

Correctness judge(const Verdicts& reported, const Verdicts& reference);

/// Returns the worse of each number.
Correctness worse(const Correctness& a, const Correctness& b);

uint64_t open_in(const Verdicts& verdicts);
uint64_t silent_in(const Verdicts& verdicts);

}  // namespace portloop::compare
