// What a scan of the simulated network must always yield.
#pragma once

#include <doctest/doctest.h>

#include "support/simulated_network.hpp"

namespace portloop::testing {

/// One result for each probe, no open port missed, and none reported as filtered that answers.
inline void check_exact(const Outcome& outcome) {
  CHECK(outcome.finished);
  CHECK(outcome.results == outcome.probes);
  CHECK(outcome.reported_twice == 0);
  CHECK(outcome.missed_open == 0);
  CHECK(outcome.false_filtered == 0);
}

}  // namespace portloop::testing
