// What a scanner does with connects that end at the first router (plan/hop_watch.hpp), and with what the plan has found
// out about a router.
#include <algorithm>

#include "engine/scanner.hpp"

namespace portloop {
namespace {

HopOutcome outcome_of(const ConnectOutcome& outcome, const Verdict& verdict) {
  if (outcome.icmp && is_time_exceeded(*outcome.icmp)) return HopOutcome::expired;
  const bool is_of_target = verdict.kind == VerdictKind::answer && verdict.state != PortState::filtered;
  return is_of_target ? HopOutcome::answered : HopOutcome::silent;
}

}  // namespace

/// Returns false if it has failed on our side, as any connect may.
bool Scanner::handle_hop(uint32_t number, const ConnectOutcome& outcome, const Verdict& verdict) {
  if (verdict.kind == VerdictKind::local_limit || verdict.kind == VerdictKind::local_wait) return false;
  const Ask ask = slots_[number].ask;
  release_slot(number, Connector::Keep::nothing);
  plan_.hop_ended(ask, outcome_of(outcome, verdict), uv_hrtime() / 1000);
  if (plan_.flow_limit().rate_per_s() > 0) publish_flow_limit();
  return true;
}

/// A limit is found, and changes, only when an answer arrives.
void Scanner::publish_flow_limit() {
  const FlowLimit& limit = plan_.flow_limit();
  counters_.flow_limit_per_s.store(std::max(1U, static_cast<uint32_t>(limit.rate_per_s())), std::memory_order_relaxed);
  counters_.flow_limit_flows.store(limit.flows(), std::memory_order_relaxed);
  counters_.flow_limit_hold_ms.store(static_cast<uint32_t>(limit.hold_us() / 1000), std::memory_order_relaxed);
}

}  // namespace portloop
