#include "core/doubt.hpp"

#include <cassert>
#include <cerrno>

namespace portloop {

DoubtStep resolve_doubt(DoubtCounts& counts, const Verdict& verdict) {
  if (verdict.kind == VerdictKind::confirm)
    return ++counts.open_sightings >= min_open_sightings ? DoubtStep::believe_open : DoubtStep::ask_again;
  assert(verdict.kind == VerdictKind::ask_again);
  ++counts.anomalies;
  // Anomalies of any kind count towards both limits: the latest one decides which limit applies.
  const bool reset = verdict.error_number == ECONNRESET || verdict.error_number == EPIPE;
  if (reset && counts.anomalies >= min_resets) return DoubtStep::believe_open;
  return counts.anomalies >= max_anomalies ? DoubtStep::report_unknown : DoubtStep::ask_again;
}

}  // namespace portloop
