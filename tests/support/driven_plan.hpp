// A plan that is driven by hand, for networks that depend on what was asked before.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "plan/plan.hpp"

namespace portloop::testing {

struct DrivenOutcome {
  uint32_t filtered = 0;
  uint32_t host_lost = 0;
  uint64_t microseconds = 0;
  bool finished = false;
};

/// Runs the plan to its end, or until `max_us` of virtual time. `answer` is called for each ask: nullopt if it stays
/// silent. Whenever the plan has nothing to do, `wait_us` pass, and the silent asks end.
inline DrivenOutcome drive(ProbePlan& plan, uint64_t wait_us, uint64_t max_us,
                           const std::function<std::optional<PortState>(const Ask&, uint64_t now_us)>& answer) {
  DrivenOutcome outcome;
  std::vector<Ask> silent;
  uint64_t now = 1;
  while (now < max_us && !outcome.finished) {
    const ProbePlan::Next next = plan.next(now);
    switch (next.step) {
      case ProbePlan::Step::ask:
        if (const std::optional<PortState> state = answer(next.ask, now)) {
          plan.answered(next.ask, *state, 300, now);
        } else {
          silent.push_back(next.ask);
        }
        break;
      case ProbePlan::Step::report:
        outcome.filtered += next.report.state == PortState::filtered;
        outcome.host_lost += next.report.reason == Reason::host_lost;
        break;
      case ProbePlan::Step::again: ++now; break;
      case ProbePlan::Step::wait:
        now += wait_us;
        for (const Ask& ask : silent) plan.silent(ask, now);
        silent.clear();
        break;
      case ProbePlan::Step::finished: outcome.finished = true; break;
    }
  }
  outcome.microseconds = now;
  return outcome;
}

}  // namespace portloop::testing
