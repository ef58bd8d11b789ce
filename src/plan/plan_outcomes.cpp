// What the plan learns when an ask ends.
#include <algorithm>
#include <cassert>

#include "plan/plan.hpp"

namespace portloop {
namespace {

// At 20 % loss, three checks in a row are lost once in 125 times; then the estimate of loss falls back to its prior.
constexpr uint8_t checks_until_limited = 3;

// Chance may cut a pass short at the same point twice. Halved from then on, the rate of any scan has come down to the
// least by the time that the path is given up.
constexpr uint32_t fruitless_returns_until_slower = 3;
constexpr uint32_t max_fruitless_returns = 32;

}  // namespace

void ProbePlan::connect_ended(const Ask& ask) {
  assert(in_flight_ > 0);
  --in_flight_;
  routes_.ended(ask);
  backoff_.ask_ended();
}

Block& ProbePlan::ended(const Ask& ask) {
  connect_ended(ask);
  Block& block = blocks_[ask.block];
  if (ask.unresolved) waits_.end(block.hosts[ask.host].target);
  block.returned(ask.probe, ask.kind);
  return block;
}

/// Something has answered. `by_path`: not one of this machine's own addresses.
void ProbePlan::heard(const Ask& ask, bool by_path, uint64_t now_us) {
  const bool path_was_away = by_path && path_.heard(now_us);
  const bool hop_was_full = hop_ && by_path && hop_let_through(ask, now_us);
  if (path_was_away || hop_was_full) path_is_back(now_us);
  flows_.answered(ask.serial, now_us);
}

void ProbePlan::path_is_back(uint64_t now_us) {
  bool came_further = false;
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    if (Block* block = blocks_.at(place)) came_further |= block->all_are_back(now_us);
  }
  silence_ended(came_further, now_us);
}

/// Of a host, if it is the only one, or of the path. What was asked in vain is asked again, so a path that falls silent
/// each time at the same point is asked more and more slowly, and given up in the end.
void ProbePlan::silence_ended(bool came_further, uint64_t now_us) {
  control_.forget_rounds();
  flows_.silence_ended(control_.next_serial(), now_us);
  fruitless_returns_ = came_further ? 0 : fruitless_returns_ + 1;
  if (fruitless_returns_ >= fruitless_returns_until_slower) flows_.slow_down();
  control_.limit_rate(flows_.rate_per_s());
  if (fruitless_returns_ < max_fruitless_returns) return;
  path_.give_up();
  lose_hosts();
}

/// The path is lost: what has no result is reported as such.
void ProbePlan::lose_hosts() {
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    if (Block* block = blocks_.at(place)) block->hosts.path_is_lost();
  }
}

/// How many checks a host or a path that falls silent now is given.
uint32_t ProbePlan::recovery_checks() const {
  return flows_.may_be_full() ? RecoverySchedule::checks_of_full_table : RecoverySchedule::min_recovery_checks;
}

void ProbePlan::witness_ended(const Ask& ask, bool answered, uint64_t now_us) {
  connect_ended(ask);
  control_.answered(ask.serial);
  if (answered) {
    path_.check_answered();
    heard(ask, true, now_us);
  } else {
    path_.check_failed(now_us, recovery_checks());
  }
}

void ProbePlan::answered(const Ask& ask, PortState state, uint64_t rtt_us, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, state != PortState::filtered, now_us);
    return;
  }
  if (state == PortState::filtered) {
    path_answered(ask, now_us);
    return;
  }
  Block& block = ended(ask);
  Host& host = block.hosts[ask.host];
  resolve(block, ask.host, now_us);
  if (host.next_hop_unproven) {
    host.next_hop_unproven = false;
    next_hops_.heard(ask.endpoint.address);
    ++news_of_next_hops_;
  }
  control_.answered(ask.serial);
  if (block.hosts.answered(ask.host, block.pass(), now_us) && block.hosts.size() == 1) {
    silence_ended(block.all_are_back(now_us), now_us);
  }
  heard(ask, !host.is_own, now_us);
  block.note_answered(ask);
  if (rtt_us != 0 && !ask.unresolved) {  // or it may include the time that the neighbour took
    host.min_rtt_us = static_cast<uint32_t>(std::min<uint64_t>(host.min_rtt_us, rtt_us));
    control_.rtt_sample(ask.serial, rtt_us, host.min_rtt_us);
    host.rtt.sample(rtt_us);
  }
  host.failed_checks = 0;
  if (ask.kind == ProbeKind::check) {
    block.loss.check(block.counted_pass(ask.pass), true);
    host.has_answered_check = true;
  }
  if (!ask.is_probe()) {
    if (ask.kind == ProbeKind::decoy)
      decoy_ended(ask, state == PortState::open ? DecoyOutcome::accepted : DecoyOutcome::refused);
    return;
  }
  block.finish(ask.probe);
  const uint32_t pass = host.counted_pass(ask.pass);
  block.count_found(pass);
  host.port_answered(ask.early);
  if (ask.kind == ProbeKind::fresh) host.first_ask_ended(ask.early);
  if (pass > 1) ++host.rescued;
  note_answerer(block, ask, state);
}

void ProbePlan::note_answerer(Block& block, const Ask& ask, PortState state) {
  Host& host = block.hosts[ask.host];
  const Answerer kind = state == PortState::open ? Answerer::open : Answerer::closed;
  if (!host.is_own && (host.answers == 1 || kind > host.answerer_kind))
    path_.add_witness({ask.endpoint, host.target, host.rtt, kind});
  if (kind >= host.answerer_kind) {
    host.answerer = ask.probe;
    host.answerer_kind = kind;
  }
  block.checks.add_answerer(ask.probe, kind);
  if (kind != Answerer::open) return;
  ++host.open_ports;
  if (decoys_) look_for_all_open(block, ask.host);
  if (options_.stop_after != 0 && host.open_ports >= options_.stop_after) block.hosts.stop(ask.host);
}

/// An ICMP error is final for its port, and evidence of nothing else. Routers limit how many they send, and the
/// kernel's own report that there is no such neighbour ends whatever waits at that moment: taken for answers, a few of
/// them would promise more, so that pass followed pass for ever, at a rate that they had taught.
void ProbePlan::path_answered(const Ask& ask, uint64_t now_us) {
  Block& block = ended(ask);
  resolve(block, ask.host, now_us);
  Host& host = block.hosts[ask.host];
  if (host.next_hop_unproven && !links_.contains(ask.endpoint.address)) {
    host.next_hop_unproven = false;
    next_hops_.heard(ask.endpoint.address);
    ++news_of_next_hops_;
  }
  control_.path_answered(ask.serial);
  if (ask.kind == ProbeKind::check) block.loss.check(block.counted_pass(ask.pass), false);
  if (ask.kind == ProbeKind::decoy) decoy_ended(ask, DecoyOutcome::refused);
  if (!ask.is_probe()) return;
  block.finish(ask.probe);
  if (ask.kind == ProbeKind::fresh) host.first_ask_ended(ask.early);
}

std::optional<ProbePlan::HostVerdict> ProbePlan::next_host_verdict() {
  for (uint32_t place = 0; place < blocks_.places(); ++place) {
    Block* block = blocks_.at(place);
    const std::optional<uint32_t> number = block == nullptr ? std::nullopt : block->hosts.take_verdict();
    if (!number) continue;
    const Host& host = block->hosts[*number];
    if (host.has_banned_us()) return HostVerdict{block->space().address(host.target), HostState::lost, false, true};
    return HostVerdict{block->space().address(host.target), host.state};
  }
  return std::nullopt;
}

void ProbePlan::silent(const Ask& ask, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, false, now_us);
    return;
  }
  FullTableWatch& table = table_of(ask.endpoint.address.family);
  const bool was_dropped = table.may_have_dropped(ask) && links_.contains(ask.endpoint.address);
  if (was_dropped) table.dropped(now_us);
  const bool may_be_lost = routes_.may_be_lost(ask) || (was_dropped && !table.stays_full(now_us));
  if (ask.is_probe() && !ask.unresolved && may_be_lost) {
    repeat(ask);
    return;
  }
  Block& block = ended(ask);
  Host& host = block.hosts[ask.host];
  if (ask.kind == ProbeKind::decoy) {
    decoy_ended(ask, DecoyOutcome::silent);
    return;
  }
  if (ask.kind == ProbeKind::proof) {
    proof_was_silent(ask, now_us);
    return;
  }
  if (was_dropped && table.stays_full(now_us)) {
    block.hosts.lose(ask.host, Loss::no_room);
    block.hosts.lose_unresolved(Loss::no_room);
  }
  if (host.state == HostState::unresolved) {
    // Nobody knows whether the probe has left this machine: it is asked again, and nothing is concluded.
    host.was_asked_in_vain = true;
    const bool counts = ask.unresolved && !was_dropped;
    if (!counts || !block.hosts.wait_failed(ask.host, block.pass())) block.note_skipped();
    return;
  }
  if (host.state == HostState::absent) return;  // reported with the host's other ports
  if (ask.kind == ProbeKind::check) block.loss.check(block.counted_pass(ask.pass), false);
  if (ask.kind == ProbeKind::fresh) host.first_ask_ended(ask.early);
  if (options_.adaptive) note_silence(block, ask, now_us);
}

/// Answers that were expected and did not come raise doubts about the host, and about the path to all.
void ProbePlan::note_silence(Block& block, const Ask& ask, uint64_t now_us) {
  Host& host = block.hosts[ask.host];
  // If it was sent before the last answer arrived, the host was still there.
  if (ask.is_probe() && ask.sent_us < host.last_answer_us) return;
  const uint32_t checks = recovery_checks();
  const double doubt_before = std::min<double>(host.doubt, path_.max_doubt_of_one_host());
  switch (ask.kind) {
    case ProbeKind::check:
      if (note_lost_check(block, ask)) {
        path_.silent(1, now_us, checks);
        return;
      }
      block.hosts.silent(ask.host, doubt_of_a_check, now_us, checks);
      if (host.has_lone_answerer()) block.hosts.want_check(ask.host);
      break;
    case ProbeKind::fresh:
      block.hosts.silent(ask.host, host.expected_share(ask.early), now_us, checks);
      if (!path_.is_news(ask.sent_us)) return;
      break;
    case ProbeKind::recovery: path_.silent(1, now_us, checks); return;
    case ProbeKind::retry:  // it was silent before: nothing was expected
    case ProbeKind::witness:
    case ProbeKind::hop:
    case ProbeKind::decoy:
    case ProbeKind::proof: return;
  }
  path_.silent(std::min<double>(host.doubt, path_.max_doubt_of_one_host()) - doubt_before, now_us, checks);
}

/// Returns whether a lost check is the work of a limit of the port's own, which is no evidence about anything else.
/// Behind a router whose table is full it would look the same, if enough was asked to fill one.
bool ProbePlan::note_lost_check(Block& block, const Ask& ask) {
  Host& host = block.hosts[ask.host];
  if (host.failed_checks < UINT8_MAX) ++host.failed_checks;
  if (host.answerer_is_limited || !host.answerer_may_be_limited()) return host.answerer_is_limited;
  if (host.failed_checks < checks_until_limited || flows_.may_fill_table(control_.next_serial())) return false;
  host.answerer_is_limited = true;
  host.doubt = 0;
  block.loss.withdraw_lost_checks(block.counted_pass(ask.pass), host.failed_checks);
  return true;
}

void ProbePlan::put_back(const Ask& ask, int error_number, bool descriptors, uint64_t now_us) {
  assert(in_flight_ > 0);
  --in_flight_;
  control_.answered(ask.serial);  // it burdens no network
  forget_ask(ask);
  backoff_.failed(ask, ask.is_probe(), error_number, descriptors, in_flight_, now_us);
}

/// A probe that is made again stays in its block's books as being asked: the pass has not ended before it has. Other
/// asks are dropped.
void ProbePlan::forget_ask(const Ask& ask) {
  if (ask.kind == ProbeKind::witness) {
    path_.check_withdrawn();
  } else if (ask.kind == ProbeKind::hop) {
    hop_->withdrawn();
  } else if (!ask.is_probe()) {
    blocks_[ask.block].returned(ask.probe, ask.kind);
    if (ask.kind == ProbeKind::decoy) decoy_ended(ask, DecoyOutcome::silent);
    if (ask.kind == ProbeKind::proof) bans_.withdrawn({ask.block, ask.host}, ask.sent_us);
  }
}

bool ProbePlan::no_route(const Ask& ask, bool may_pass, uint64_t now_us) {
  Ask again = ask;
  if (!may_pass || !routes_.failed(again)) {
    again.lacked_route = false;  // it still lacks it: that is no end of an outage
    given_up(again, now_us);
    return ask.is_probe();
  }
  assert(in_flight_ > 0);
  --in_flight_;
  control_.answered(ask.serial);  // it burdens no network
  forget_ask(ask);
  if (ask.is_probe()) backoff_.keep(again);
  backoff_.pause(now_us + RouteWatch::route_pause_us);
  return false;
}

void ProbePlan::repeat(const Ask& ask) {
  assert(in_flight_ > 0 && ask.is_probe());
  --in_flight_;
  control_.answered(ask.serial);
  backoff_.keep(ask);
}

void ProbePlan::given_up(const Ask& ask, uint64_t now_us) {
  if (ask.kind == ProbeKind::witness) {
    witness_ended(ask, false, now_us);
    return;
  }
  if (ask.kind == ProbeKind::hop) {
    hop_ended(ask, HopOutcome::silent, now_us);
    return;
  }
  Block& block = ended(ask);
  control_.answered(ask.serial);
  if (ask.kind == ProbeKind::decoy) decoy_ended(ask, DecoyOutcome::silent);
  if (ask.kind == ProbeKind::proof) proof_was_silent(ask, now_us);
  if (ask.is_probe()) block.finish(ask.probe);
}

}  // namespace portloop
