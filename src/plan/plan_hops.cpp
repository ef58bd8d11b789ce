// What the plan does with the first router on the way (HopWatch): when it is asked, and what follows from its silence.
#include <algorithm>

#include "plan/plan.hpp"

namespace portloop {

/// A connect that the first router should report: to any host that has not answered, behind it as far as is known.
std::optional<Endpoint> ProbePlan::hop_endpoint() const {
  if (const std::optional<Endpoint> known = hop_->endpoint()) return known;
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    const Block* block = blocks_.at(place);
    if (block == nullptr) continue;
    const uint32_t hosts = block->hosts.size();
    const uint32_t first = hop_->searches() * (hosts / 3) % hosts;
    for (uint32_t i = 0; i < hosts; ++i) {
      const Host& host = block->hosts[(first + i) % hosts];
      if (!is_silent_behind_router(*block, host)) continue;
      const PortSet& ports = block->space().ports;
      return Endpoint{block->space().address(host.target),
                      ports.at((hop_->searches() * (ports.size() / 3) + ports.size() / 2) % ports.size())};
    }
  }
  return std::nullopt;
}

bool ProbePlan::is_silent_behind_router(const Block& block, const Host& host) const {
  return host.state == HostState::fresh && !host.is_own && !links_.contains(block.space().address(host.target));
}

ProbePlan::Search ProbePlan::next_hop(uint64_t now_us, Next& next) {
  if (path_.lost()) return Search::nothing;
  if (hop_->is_back(0)) {
    hop_->back(control_.next_serial());
    path_is_back(now_us);
    return Search::changed;
  }
  if (hop_->is_given_up(now_us)) {
    path_.give_up();
    lose_hosts();
    return Search::changed;
  }
  const uint64_t serial = control_.next_serial();
  if (!hop_->due(serial, now_us) || !may_send_witness(now_us)) return Search::nothing;
  const std::optional<Endpoint> endpoint = hop_endpoint();
  if (!endpoint) hop_->postpone(serial);
  if (!endpoint || !hop_->begin_ask(serial, now_us)) return Search::nothing;
  next.step = Step::ask;
  next.ask = {};
  next.ask.endpoint = *endpoint;
  next.ask.kind = ProbeKind::hop;
  next.ask.timeout_us = probe_timeout_us(timeouts(), hop_->rtt(), 1);
  send(next.ask, now_us);
  hop_->sent(next.ask.serial, now_us);
  // A target that has answered is as good a proof.
  if (hop_->is_full() && path_.has_witness()) path_.want_proof();
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    if (Block* block = blocks_.at(place)) block->hop_asked(now_us);
  }
  return Search::found;
}

void ProbePlan::hop_ended(const Ask& ask, HopOutcome outcome, uint64_t now_us) {
  connect_ended(ask);
  control_.answered(ask.serial);
  hop_->ended(outcome, ask.endpoint, now_us, recovery_checks());
  if (outcome == HopOutcome::silent) return;
  const bool was_full = hop_let_through(ask, now_us);
  if (hop_->is_full()) return;
  for (uint32_t place = 0; place < blocks_.places() && !was_full; ++place) {
    if (Block* block = blocks_.at(place)) block->hop_answered();
  }
  if (was_full) path_is_back(now_us);
  flows_.answered(ask.serial, now_us);
}

/// An ask was answered. Returns whether the router was full before: then what was asked since it fell silent may not
/// have got through.
bool ProbePlan::hop_let_through(const Ask& ask, uint64_t now_us) {
  if (links_.contains(ask.endpoint.address)) return false;
  hop_->let_through(ask.serial);
  if (!hop_->is_back(ask.kind == ProbeKind::hop ? 0 : ask.sent_us)) return false;
  const bool was_full = ask.kind == ProbeKind::hop || hop_->may_have_been_full(now_us);
  if (!was_full) hop_->end_reports();
  hop_->back(control_.next_serial());
  return was_full;
}

/// Silence of hosts behind a router is no verdict if its table may have been full when they were asked.
bool ProbePlan::hop_is_proven(Block& block) {
  if (!hop_ || path_.lost()) return true;
  if (hop_->is_proven(block.last_ask_us(), control_.next_serial())) return true;
  const auto is_silent = [&](const Host& host) { return is_silent_behind_router(block, host); };
  if (std::none_of(block.hosts.begin(), block.hosts.end(), is_silent)) return true;
  hop_->want_proof();
  return false;
}

}  // namespace portloop
