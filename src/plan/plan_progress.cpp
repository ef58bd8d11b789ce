// How far a plan has come, for people who watch a scan.
#include <algorithm>

#include "plan/plan.hpp"

namespace portloop {
namespace {

/// How many passes there will be if the ones that come find nothing.
uint32_t expected_passes(PassFacts facts) {
  for (; facts.pass < max_passes; ++facts.pass) {
    const PassDecision decision = decide_next_pass(facts);
    const bool only_some_hosts = decision.next == NextPass::sweep_by_host && decision.why != PassReason::retries_set;
    if (decision.next == NextPass::report || only_some_hosts) break;
    facts.found = 0;
    facts.skipped_some = false;
    ++facts.empty_passes;
    facts.missing *= facts.first_pass_loss;
  }
  return facts.pass;
}

}  // namespace

ProbePlan::Progress ProbePlan::progress() const {
  Progress progress;
  progress.drawn = taken_ - (chunk_end_ - chunk_next_);
  progress.pass = !drawn_all_ ? 1 : blocks_.empty() ? 0 : max_passes;
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    const Block* block = blocks_.at(place);
    if (block == nullptr) continue;
    progress.pass = std::min(progress.pass, block->pass());
    progress.drawn -= block->late_ports();
  }
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    const Block* block = blocks_.at(place);
    if (block == nullptr) continue;
    const bool is_in_pass = block->pass() == progress.pass && block->phase() == Block::Phase::sweeping;
    progress.pass_size += block->ledger_size();
    progress.pass_sent += is_in_pass ? block->sweep_at() : block->ledger_size();
    const uint32_t passes = options_.retries ? *options_.retries + 1 : expected_passes(block->pass_facts());
    if (block->unfinished() > 0) progress.expected_passes = std::max(progress.expected_passes, passes);
  }
  progress.expected_passes = std::max(progress.expected_passes, progress.pass);
  return progress;
}

}  // namespace portloop
