#include "plan/pass_policy.hpp"

namespace portloop {
namespace {

constexpr uint32_t max_empty_passes = 10;
constexpr uint32_t max_empty_passes_at_heavy_loss = 40;

// If much is lost, each pass is a poor witness, and losses come in bursts: a wider margin.
constexpr double missing_allowed_at_heavy_loss = missing_allowed * 0.01;

// If nothing answers, nothing is known of the loss, and two asks mean little. As many ports as can be in flight at once
// are asked a third time without anybody noticing; for more, it would be half of the scan's time again, spent on a dead
// network.
constexpr uint32_t max_ports_asked_thrice = 1024;

}  // namespace

PassDecision decide_next_pass(const PassFacts& facts) {
  using enum NextPass;
  using enum PassReason;
  if (facts.pass >= max_passes) return {report, pass_limit};
  if (facts.fixed_retries) return {sweep_by_host, retries_set};
  if (facts.pass < 2) return {sweep_all, second_ask};
  if (!facts.asked_any && !facts.skipped_some) return {report, nothing_left};
  const bool heavy = facts.first_pass_loss > heavy_loss;
  if (facts.empty_passes >= (heavy ? max_empty_passes_at_heavy_loss : max_empty_passes)) return {report, found_nothing};
  if (facts.found > 0) return {sweep_all, found_some};
  if (facts.skipped_some) return {sweep_all, skipped_some};
  if (facts.answers == 0 && facts.silent > max_ports_asked_thrice) return {sweep_by_host, nothing_answers};
  if (facts.missing >= (heavy ? missing_allowed_at_heavy_loss : missing_allowed)) return {sweep_all, may_be_missing};
  return {sweep_by_host, enough_asked};
}

}  // namespace portloop
