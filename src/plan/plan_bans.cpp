// Hosts that begin to refuse us: which results are held for a proof, and when the proofs are sent.
#include <algorithm>
#include <cassert>

#include "plan/plan.hpp"

namespace portloop {
namespace {

constexpr uint64_t suspended_poll_us = 1'000'000;

}  // namespace

bool ProbePlan::take_answer(const Ask& ask, const ProbeResult& result, uint64_t rtt_us, uint64_t now_us) {
  if (ask.kind == ProbeKind::proof) bans_.proof_answered({ask.block, ask.host});
  answered(ask, result.state, rtt_us, now_us);
  if (ask.kind == ProbeKind::decoy) return false;
  if (ask.kind == ProbeKind::witness) {
    if (result.state == PortState::filtered) note_witness_refused(ask, result.reason, now_us);
    return false;
  }
  const Host& host = blocks_[ask.block].hosts[ask.host];
  if (host.is_own) return ask.is_probe();
  const BanWatch::Key key{ask.block, ask.host};
  if (!ask.is_probe()) {
    if (ask.kind == ProbeKind::proof && result.state == PortState::filtered && !BanWatch::may_be_ban(result.reason)) {
      proof_was_silent(ask, now_us);
      return false;
    }
    bans_.answered_again(key, ask.probe, result.reason, ask.sent_us, now_us);
    note_bans();
    return false;
  }
  if (result.state == PortState::open) {
    bans_.accepted(key, ask.probe, ask.sent_us);
    return true;
  }
  const uint32_t closed = host.answerer_kind == Answerer::closed ? host.answerer : Host::no_probe;
  const auto rtt = static_cast<uint32_t>(std::min<uint64_t>(result.rtt_us, UINT32_MAX));
  return !bans_.hold(key, {now_us, ask.probe, rtt, ask.attempt, result.reason}, closed);
}

/// The path to the host is not away, if the host, or something near it, refuses what it accepted before.
void ProbePlan::note_witness_refused(const Ask& ask, Reason reason, uint64_t now_us) {
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    Block* block = blocks_.at(place);
    if (block == nullptr) continue;
    for (uint32_t number = 0; number < block->hosts.size(); ++number) {
      if (block->space().address(block->hosts[number].target) != ask.endpoint.address) continue;
      // Which of its ports is the witness is not known here: all of them are asked.
      bans_.answered_again({place, number}, Host::no_probe, reason, ask.sent_us, now_us);
    }
  }
  if (note_bans()) heard(ask, true, now_us);
}

void ProbePlan::proof_was_silent(const Ask& ask, uint64_t now_us) {
  bans_.silent({ask.block, ask.host}, now_us);
  note_bans();
}

/// Returns whether a host has banned us.
bool ProbePlan::note_bans() {
  bool any = false;
  while (const std::optional<BanWatch::Key> key = bans_.take_ban()) {
    blocks_[key->block].hosts.ban(key->host);
    any = true;
  }
  return any;
}

ProbePlan::Search ProbePlan::next_released(Next& next) {
  const BanWatch::Released released = bans_.take_released();
  const BanWatch::Held& held = released.result;
  const Block& block = blocks_[released.of.block];
  const auto local = block.local(held.probe);
  next.step = Step::report;
  next.report = {};
  next.report.endpoint = block.endpoint(local);
  next.report.position = block.position(held.probe);
  next.report.tag = block.tag(held.probe, local);
  next.report.reason = held.reason;
  if (held.reason == Reason::banned || held.reason == Reason::host_lost) {
    next.report.state = PortState::unknown;
  } else {
    next.report.state = held.reason == Reason::conn_refused ? PortState::closed : PortState::filtered;
    next.report.rtt_us = held.rtt_us;
  }
  next.report.attempts = held.attempts;
  return Search::found;
}

/// Before anything else, because results wait for it.
ProbePlan::Search ProbePlan::next_proof(uint64_t now_us, Next& next) {
  if (now_us < bans_.next_due_us() || !may_send(now_us)) return Search::nothing;
  const std::optional<BanWatch::Proof> proof = bans_.take_due(now_us);
  if (!proof) return Search::changed;
  Block& block = blocks_[proof->of.block];
  switch (block.hosts[proof->of.host].state) {
    case HostState::suspended: bans_.withdrawn(proof->of, now_us + suspended_poll_us); return Search::changed;
    case HostState::lost:
      bans_.host_lost(proof->of);
      note_bans();
      return Search::changed;
    default: break;
  }
  ask(block, proof->probe, ProbeKind::proof, now_us, next);
  return Search::found;
}

/// Whether results of the block wait for a proof, which is sent now, or to be reported.
bool ProbePlan::has_unproven_results(const Block& block) {
  const bool has_some = bans_.finish(block.place(), block.hosts);
  note_bans();
  return has_some;
}

void ProbePlan::forget(Block& block) {
  assert(block.in_flight() == 0);
  bans_.forget(block.place());
  blocks_.forget(block);
}

}  // namespace portloop
