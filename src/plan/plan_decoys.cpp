// Hosts that accept everything: when decoys are asked, and what becomes of what they find out.
#include <cassert>

#include "plan/plan.hpp"

namespace portloop {
namespace {

// A host that has refused more than this before its first open port does not accept everything; a proxy may refuse a
// port or two.
constexpr uint32_t max_refused_before = 1;

// Nor does one that has left most of so many asks unanswered, unless much more is lost than any scan survives.
constexpr uint32_t min_asks_of_a_silent_host = 16;
constexpr double min_answered_share = 0.25;

// To ask decoys of each host with an open port would cost more than the scan itself.
constexpr uint32_t min_scanned_ports = 3;

}  // namespace

/// An open port was found.
void ProbePlan::look_for_all_open(Block& block, uint32_t host_number) {
  Host& host = block.hosts[host_number];
  if (block.space().ports.size() < min_scanned_ports) return;
  if (host.open_ports != 1 || host.answers - host.open_ports > max_refused_before) return;
  if (host.first_asks >= min_asks_of_a_silent_host && host.answers < min_answered_share * host.first_asks) return;
  host.is_suspect = true;
  block.hold_for_decoys();
  decoys_->begin({block.place(), host_number}, host.target);
}

/// Before anything else, because results wait for it.
ProbePlan::Search ProbePlan::next_decoy(uint64_t now_us, Next& next) {
  if (path_.lost()) {
    for (const Decoys::Suspect& suspect : decoys_->give_up()) decide(suspect, false);
  }
  if (!decoys_->any_due() || !may_send(now_us)) return Search::nothing;
  const std::optional<Decoys::Decoy> decoy = decoys_->next();
  if (!decoy) return Search::changed;
  Block& block = blocks_[decoy->of.block];
  const Host& host = block.hosts[decoy->of.host];
  next.step = Step::ask;
  next.ask = {};
  next.ask.endpoint = {block.space().address(host.target), decoy->port};
  next.ask.block = decoy->of.block;
  next.ask.probe = Host::no_probe;
  next.ask.host = decoy->of.host;
  next.ask.pass = static_cast<uint8_t>(block.pass());
  next.ask.kind = ProbeKind::decoy;
  next.ask.timeout_us = probe_timeout_us(timeouts(), host.rtt, block.pass());
  block.asked(Host::no_probe, ProbeKind::decoy, now_us);
  send(next.ask, now_us);
  return Search::found;
}

void ProbePlan::decoy_ended(const Ask& ask, DecoyOutcome outcome) {
  const Decoys::Suspect suspect{ask.block, ask.host};
  switch (decoys_->ended(suspect, outcome)) {
    case Decoys::Decision::none: return;
    case Decoys::Decision::ordinary: decide(suspect, false); return;
    case Decoys::Decision::accepts_all: decide(suspect, true); return;
  }
}

void ProbePlan::decide(const Decoys::Suspect& suspect, bool accepts_all) {
  Block& block = blocks_[suspect.block];
  Host& host = block.hosts[suspect.host];
  assert(host.is_suspect);
  host.is_suspect = false;
  host.accepts_all = accepts_all;
  block.decoys_decided();
  findings_.push_back({block.space().address(host.target), accepts_all});
  if (accepts_all && decoys_->stops()) block.hosts.stop(suspect.host);
}

ProbePlan::OpenPortUse ProbePlan::open_port_use(const Ask& ask) const {
  const Host& host = blocks_[ask.block].hosts[ask.host];
  if (host.is_suspect) return OpenPortUse::hold;
  return host.accepts_all && decoys_->stops() ? OpenPortUse::drop : OpenPortUse::report;
}

std::optional<ProbePlan::HostFinding> ProbePlan::next_host_finding() {
  if (findings_.empty()) return std::nullopt;
  const HostFinding finding = findings_.back();
  findings_.pop_back();
  return finding;
}

}  // namespace portloop
