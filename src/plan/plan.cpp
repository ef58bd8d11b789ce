#include "plan/plan.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace portloop {
namespace {

// A search is cut after this many steps of about 15 ns, so that the loop breathes.
constexpr uint32_t steps_per_call = 4096;

constexpr uint64_t room_poll_us = 20'000;
// Of what passes between two calls: a process that was stopped has not waited.
constexpr uint64_t max_counted_wait_us = 10 * room_poll_us;

void set_reason(ProbeResult& result, Loss loss) {
  switch (loss) {
    case Loss::silence: result.reason = Reason::host_lost; break;
    case Loss::no_route: result.reason = Reason::no_route; break;
    case Loss::ban: result.reason = Reason::banned; break;
    case Loss::no_room:
      result.reason = Reason::local_error;
      result.error_number = ENOBUFS;
      break;
  }
}

}  // namespace

ProbePlan::ProbePlan(const ScanSpace& space, ProbeCursor& cursor, const PlanOptions& options)
    : space_(std::shared_ptr<void>(), &space),  // not owned
      cursor_(&cursor),
      links_(space.links),
      neighbours_(cursor.neighbours),
      options_(options),
      control_({options.adaptive, options.max_in_flight, options.rate_per_s}, cursor.pace),
      backoff_(options.max_in_flight),
      waits_(cursor.neighbours),
      next_hops_(space.links) {
  if (options.decoys) decoys_.emplace(*options.decoys);
  if (options.asks_hop && options.adaptive) hop_.emplace(cursor.hop);
}

void ProbePlan::draw_from(const std::shared_ptr<ScanPart>& part) {
  assert(drawn_all_ && drawing_ == nullptr);
  space_ = std::shared_ptr<const ScanSpace>(part, &part->space);
  cursor_ = &part->cursor;
  drawn_all_ = false;
}

const ProbePlan::Next& ProbePlan::next(uint64_t now_us) {
  steps_left_ = steps_per_call;
  control_.advance(now_us);
  if (wants_room_) room_wait_us_ += std::min(now_us - last_call_us_, max_counted_wait_us);
  last_call_us_ = now_us;
  wants_room_ = false;
  hold_until_us_ = UINT64_MAX;
  if (!links_.on_link.empty()) {
    for (const Family family : {Family::ipv4, Family::ipv6})
      table_of(family).note(neighbours_.overflows(family), control_.next_serial());
  }
  const Search search = backoff_.paused(now_us) ? Search::nothing : find_work(now_us, next_);
  if (search == Search::found) return next_;
  if (search == Search::changed) {
    next_.step = Step::again;
  } else if (has_finished()) {
    next_.step = Step::finished;
  } else {
    next_.step = Step::wait;
    next_.wait_until_us = wake_time_us(now_us);
  }
  return next_;
}

void ProbePlan::set_limits(uint32_t max_in_flight, double rate_per_s) {
  options_.max_in_flight = max_in_flight;
  options_.rate_per_s = rate_per_s;
  control_.set_limits(max_in_flight, rate_per_s);
  backoff_.set_max_in_flight(max_in_flight);
}

ProbePlan::Search ProbePlan::find_work(uint64_t now_us, Next& next) {
  if (bans_.any_released()) return next_released(next);
  if (!waits_.empty() && now_us >= path_.quiet_from_us()) path_.want_proof();
  if (hop_) {
    if (const Search search = next_hop(now_us, next); search != Search::nothing) return search;
  }
  if (const Search search = next_witness(now_us, next); search != Search::nothing) return search;
  if (is_cut_off()) return Search::nothing;
  if (const Search search = next_put_back(now_us, next); search != Search::nothing) return search;
  if (decoys_) {
    if (const Search search = next_decoy(now_us, next); search != Search::nothing) return search;
  }
  if (const Search search = next_proof(now_us, next); search != Search::nothing) return search;
  const uint32_t places = blocks_.places();
  for (uint32_t i = 0; i < places; ++i) {
    const uint32_t place = turn_ + i < places ? turn_ + i : turn_ + i - places;
    Block* block = blocks_.at(place);
    if (block == nullptr) continue;
    const Search search = next_of_block(*block, now_us, next);
    if (search == Search::found) turn_ = place;
    if (search != Search::nothing) return search;
  }
  return next_fresh(now_us, next);
}

bool ProbePlan::may_send(uint64_t now_us) {
  return unless_held(in_flight_ < backoff_.limit() && control_.may_send(now_us));
}

/// What fills the window may be waiting for the very path that is to be checked.
bool ProbePlan::may_send_witness(uint64_t now_us) {
  return unless_held(in_flight_ < backoff_.limit() && now_us >= control_.next_send_us());
}

bool ProbePlan::unless_held(bool may_send) {
  held_back_ = held_back_ || (held_ && may_send);
  return may_send && !held_;
}

uint64_t ProbePlan::wake_time_us(uint64_t now_us) const {
  if (backoff_.paused(now_us)) return backoff_.pause_until_us();
  uint64_t wake_us = control_.next_judgement_us();
  // Another loop's probes may make room in the neighbour table; nothing else would wake this one.
  if (wants_room_) wake_us = std::min(wake_us, now_us + room_poll_us);
  if (!waits_.empty() && path_.quiet_from_us() > now_us) wake_us = std::min(wake_us, path_.quiet_from_us());
  wake_us = std::min(wake_us, hold_until_us_);
  if (!held_ && in_flight_ < backoff_.limit()) wake_us = std::min(wake_us, next_possible_send_us(now_us));
  return std::max(wake_us, now_us + 1);
}

/// When the rate allows what is due, or will be; UINT64_MAX if the end of an ask comes first. What is due already must
/// not be returned as it is, or the loop would turn until the rate allows it.
uint64_t ProbePlan::next_possible_send_us(uint64_t now_us) const {
  uint64_t due_us = path_.next_check_us();
  if (hop_ && !path_.lost()) due_us = std::min(due_us, hop_->next_ask_us());
  if (control_.has_room()) {
    if (control_.next_send_us() > now_us) return control_.next_send_us();
    if (!is_cut_off()) due_us = std::min(due_us, bans_.next_due_us());
    for (uint32_t place = 0; place < blocks_.places() && !is_cut_off(); ++place) {
      if (const Block* block = blocks_.at(place)) due_us = std::min(due_us, block->hosts.next_recovery_check_us());
    }
  }
  return due_us == UINT64_MAX ? UINT64_MAX : std::max(due_us, control_.next_send_us());
}

ProbePlan::Search ProbePlan::next_witness(uint64_t now_us, Next& next) {
  if (now_us < path_.next_check_us()) return Search::nothing;
  const bool was_lost = path_.lost();
  const std::optional<Witness> witness = path_.due_check(now_us, mix64(now_us));
  if (path_.lost() && !was_lost) {
    lose_hosts();
    return Search::changed;
  }
  if (!witness || !may_send_witness(now_us)) return Search::nothing;
  path_.check_sent(now_us);
  next.step = Step::ask;
  next.ask = {};
  next.ask.endpoint = witness->endpoint;
  next.ask.kind = ProbeKind::witness;
  next.ask.timeout_us = probe_timeout_us(timeouts(), witness->rtt, 2);
  send(next.ask, now_us);
  return Search::found;
}

ProbePlan::Search ProbePlan::next_put_back(uint64_t now_us, Next& next) {
  if (backoff_.empty()) return Search::nothing;
  const LocalBackoff::Entry& last = backoff_.last();
  Block& block = blocks_[last.ask.block];
  const bool stopped = block.hosts[last.ask.host].state == HostState::stopped;
  if (!stopped && !path_.lost() && !backoff_.gives_up(last)) {
    if (!may_send(now_us)) return Search::nothing;
    next.step = Step::ask;
    next.ask = backoff_.take_last().ask;
    send(next.ask, now_us);
    return Search::found;
  }
  const auto [ask, error_number] = backoff_.take_last();
  if (ask.unresolved) waits_.end(block.hosts[ask.host].target);
  block.returned(ask.probe, ask.kind);
  if (path_.lost()) return Search::changed;  // reported with the block's other ports
  block.finish(ask.probe);
  if (stopped) {
    ++not_asked_;
    return Search::changed;
  }
  next.step = Step::report;
  next.report = {};
  next.report.endpoint = ask.endpoint;
  next.report.position = ask.position;
  next.report.tag = ask.tag;
  next.report.state = PortState::unknown;
  next.report.reason = Reason::local_error;
  next.report.error_number = error_number;
  next.report.attempts = ask.attempt;
  return Search::found;
}

ProbePlan::Search ProbePlan::next_of_block(Block& block, uint64_t now_us, Next& next) {
  if (block.hosts.any_suspended() && next_recovery_check(block, now_us, next)) return Search::found;
  if (block.hosts.any_check_wanted() && next_wanted_check(block, now_us, next)) return Search::found;
  if (block.has_late_ports()) {
    if (const Search search = next_late_port(block, now_us, next); search != Search::nothing) return search;
    if (block.has_late_ports()) return Search::nothing;
  }
  switch (block.phase()) {
    case Block::Phase::drawing: return Search::nothing;
    case Block::Phase::sweeping:
      if (const Search search = next_retry(block, now_us, next); block.phase() == Block::Phase::sweeping) return search;
      [[fallthrough]];
    case Block::Phase::settling:
      // The router is asked before what was sent last may have left its table.
      if (block.loss.answers() == 0) hop_is_proven(block);
      if ((!block.pass_has_come_back() && !may_overlap(block)) || block.hosts.any_suspended() ||
          block.hosts.any_check_wanted() || waits_for_group(block))
        return Search::nothing;
      return pass_ended(block, now_us);
    case Block::Phase::reporting: return next_report(block, next);
  }
  return Search::nothing;
}

bool ProbePlan::next_recovery_check(Block& block, uint64_t now_us, Next& next) {
  const std::optional<uint32_t> host = block.hosts.due_for_recovery_check(now_us);
  if (!host || !may_send(now_us)) return false;
  block.hosts.recovery_check_sent(*host, now_us);
  ask(block, block.hosts[*host].answerer, ProbeKind::recovery, now_us, next);
  return true;
}

/// What is an open port's own limit, and what is a host or a path that is away, is found out at once: a pass that goes
/// on meanwhile asks in vain.
bool ProbePlan::next_wanted_check(Block& block, uint64_t now_us, Next& next) {
  if (!may_send(now_us)) return false;
  const std::optional<uint32_t> host = block.hosts.take_wanted_check();
  if (!host) return false;
  ask(block, block.hosts[*host].answerer, ProbeKind::check, now_us, next);
  return true;
}

/// Asks what was not asked while the neighbours of its hosts were being looked for.
ProbePlan::Search ProbePlan::next_late_port(Block& block, uint64_t now_us, Next& next) {
  if (block.hosts.size() == 1 && bans_.is_suspect({block.place(), 0})) return Search::nothing;
  while (block.has_late_ports()) {
    if (!may_send(now_us)) return Search::nothing;
    if (steps_left_ == 0) return Search::changed;
    --steps_left_;
    const std::optional<uint32_t> probe = block.take_late_port();
    if (!probe) continue;
    ask(block, *probe, ProbeKind::fresh, now_us, next);
    return Search::found;
  }
  return Search::nothing;
}

/// Asks the next silent port of this pass, or makes a check before it; at the end of the pass, the checks that it still
/// lacks. Then the block settles.
ProbePlan::Search ProbePlan::next_retry(Block& block, uint64_t now_us, Next& next) {
  if (!may_send(now_us)) return Search::nothing;
  for (; !block.at_end(); block.advance()) {
    if (steps_left_ == 0) return Search::changed;
    --steps_left_;
    const uint32_t probe = block.next_in_sweep();
    if (block.asked_now(probe)) {
      block.note_skipped();
      continue;
    }
    if (block.finished(probe)) continue;
    const uint32_t number = block.local(probe).host_in_block;
    Host& host = block.hosts[number];
    if (host.state == HostState::suspended) block.note_suspended();
    if (!block.wants_retry(host)) continue;
    if (host.state == HostState::unresolved) {
      if (waits_.find(host.target) != nullptr) {
        block.note_skipped();
        continue;
      }
      if (!begin_wait(block, number, now_us)) return Search::nothing;
      block.advance();
      ask(block, probe, ProbeKind::retry, now_us, next);
      return Search::found;
    }
    if (next_check(block, host, mix64(now_us + probe), now_us, next)) return Search::found;
    block.checks.ask_made();
    block.advance();
    ask(block, probe, ProbeKind::retry, now_us, next);
    return Search::found;
  }
  if (block.pass_needs_checks() && next_last_check(block, now_us, next)) return Search::found;
  block.end_sweep();
  return Search::nothing;
}

bool ProbePlan::next_check(Block& block, Host& host, uint64_t random, uint64_t now_us, Next& next) {
  if (!options_.adaptive || !block.checks.due(block.check_interval(control_.asks_per_check()))) return false;
  const uint32_t probe = block.checks.pick(host, block.hosts.size() == 1, false, random);
  if (probe == Host::no_probe) return false;
  block.checks.check_made();
  ask(block, probe, ProbeKind::check, now_us, next);
  return true;
}

/// A host that is away says nothing of the path, and one that has enough open ports is asked no more.
bool ProbePlan::next_last_check(Block& block, uint64_t now_us, Next& next) {
  if (!options_.adaptive || !block.checks.too_few()) return false;
  uint32_t probe = block.checks.pick_any(mix64(now_us));
  if (probe == Host::no_probe) return false;
  Host& host = block.hosts[block.local(probe).host_in_block];
  if (!host.is_fresh_or_alive()) return false;
  // Connections to open ports are limited, host by host.
  if (block.checks.any_is_open()) probe = block.checks.pick(host, block.hosts.size() == 1, true, mix64(now_us));
  if (probe == Host::no_probe) return false;
  block.checks.check_made();
  ask(block, probe, ProbeKind::check, now_us, next);
  return true;
}

ProbePlan::Search ProbePlan::next_report(Block& block, Next& next) {
  for (; !block.at_end(); block.advance()) {
    if (steps_left_ == 0) return Search::changed;
    --steps_left_;
    const uint32_t probe = block.next_to_report();
    if (block.finished(probe)) continue;
    const auto local = block.local(probe);
    const HostState state = block.hosts[local.host_in_block].state;
    if (state == HostState::stopped) {
      // It may have been asked, but not as often as a verdict takes.
      block.finish(probe);
      ++not_asked_;
      continue;
    }
    const bool lost = state == HostState::lost;
    const bool absent = state == HostState::absent;
    next.step = Step::report;
    next.report = {};
    next.report.endpoint = block.endpoint(local);
    next.report.position = block.position(probe);
    next.report.tag = block.tag(probe, local);
    next.report.state = lost ? PortState::unknown : PortState::filtered;
    next.report.reason = absent ? Reason::host_unreach : Reason::no_response;
    if (lost) set_reason(next.report, block.hosts[local.host_in_block].loss);
    next.report.attempts = block.attempts(probe);
    block.finish(probe);
    block.advance();
    return Search::found;
  }
  if (block.in_flight() > 0) return Search::nothing;  // a proof
  forget(block);
  return Search::nothing;
}

/// A limited host answers so many a second, and what it isn't asked meanwhile is lost: while many ports are left, the
/// next pass need not wait for the last answers of this one.
bool ProbePlan::may_overlap(const Block& block) const {
  return !options_.retries && control_.learned_rate_per_s() > 0 && block.unfinished() >= block.in_flight() + few_ports;
}

/// While asks are in flight the block can only go on to another pass. Otherwise it does that, reports, or is forgotten.
ProbePlan::Search ProbePlan::pass_ended(Block& block, uint64_t now_us) {
  const bool settled = block.in_flight() == 0;
  if (const uint64_t held_until_us = block.held_until_us(now_us, news_of_next_hops_); held_until_us != 0) {
    hold_until_us_ = std::min(hold_until_us_, held_until_us);
    return Search::nothing;
  }
  if (block.unfinished() == 0) {
    if (!settled) return Search::nothing;
    if (has_unproven_results(block)) return wait_for_proofs();
    forget(block);
    return Search::changed;
  }
  if (!hop_is_proven(block)) return Search::nothing;
  if (space_->order.block_count() == 1 && &block.space() == space_.get()) block.loss.exchange(cursor_->answers);
  const PassDecision decision = decide_next_pass(block.pass_facts());
  if (decision.next != NextPass::report && block.begin_pass(decision.next, control_.asks_per_check())) {
    control_.begin_retry_pass();
    return Search::changed;
  }
  if (!settled) return Search::nothing;
  if (block.has_unresolved_hosts() || block.has_unproven_hosts()) {
    if (block.begin_pass_for_unresolved(control_.asks_per_check())) return Search::changed;
  }
  if (block.has_unproven_hosts() && follows_neighbours_ && !path_.lost()) {
    if (const Search search = prove_next_hops(block, now_us); search != Search::found) return search;
  }
  // Silence is no verdict if the path may have been away when the ports were asked.
  if (options_.adaptive && !path_.lost() && !path_.is_proven_since(block.last_ask_us()))
    return path_.want_proof() && may_send_witness(now_us) ? Search::changed : Search::nothing;
  if (has_unproven_results(block)) return wait_for_proofs();
  block.begin_reporting();
  return Search::changed;
}

void ProbePlan::ask(Block& block, uint32_t probe, ProbeKind kind, uint64_t now_us, Next& next) {
  const auto local = block.local(probe);
  next.step = Step::ask;
  next.ask = {};
  next.ask.endpoint = block.endpoint(local);
  next.ask.position = block.position(probe);
  next.ask.tag = block.tag(probe, local);
  next.ask.block = block.place();
  next.ask.probe = probe;
  next.ask.host = local.host_in_block;
  next.ask.early = block.is_early(probe);
  next.ask.sweep_at = block.sweep_at();
  next.ask.pass = static_cast<uint8_t>(block.pass());
  next.ask.attempt = static_cast<uint8_t>(block.asked(probe, kind, now_us));
  const Host& host = block.hosts[local.host_in_block];
  // A port that was drawn while its host was suspended or deferred has its first ask in a retry pass.
  next.ask.kind = kind == ProbeKind::retry && next.ask.attempt == 1 ? ProbeKind::fresh : kind;
  // Early ports of hosts that are found one after the other come between others.
  next.ask.judged = !(next.ask.kind == ProbeKind::fresh && next.ask.early && block.has_unresolved_hosts() &&
                      links_.contains(next.ask.endpoint.address));
  if (next.ask.kind == ProbeKind::fresh && next.ask.judged) note_first_ask(next.ask);
  next.ask.unresolved = host.state == HostState::unresolved;
  next.ask.timeout_us = probe_timeout_us(timeouts(), host.rtt, host.pass_for_timeout(block.pass()));
  if (next.ask.unresolved) next.ask.timeout_us += static_cast<uint32_t>(links_.wait_us());
  send(next.ask, now_us);
}

void ProbePlan::send(Ask& ask, uint64_t now_us) {
  ask.serial = control_.sent(ask.kind, now_us, ask.judged);
  ask.sent_us = now_us;
  ++in_flight_;
}

uint32_t ProbePlan::timeout_now_us(const Ask& ask) const {
  if (!belongs_to_block(ask.kind)) return ask.timeout_us;
  const Block& block = blocks_[ask.block];
  const Host& host = block.hosts[ask.host];
  uint64_t timeout_us = probe_timeout_us(timeouts(), host.rtt, host.pass_for_timeout(ask.pass));
  if (ask.unresolved) {
    // The SYN has left only when the neighbour was found: the port's own time starts then.
    const NeighbourWaits::Wait* wait = waits_.find(host.target);
    assert(wait != nullptr);
    if (wait->failed) return 0;
    timeout_us = wait->resolved_us == 0 ? links_.wait_us() : wait->resolved_us - wait->sent_us + timeout_us;
    timeout_us = std::min<uint64_t>(ask.timeout_us, timeout_us);
  }
  return static_cast<uint32_t>(timeout_us);
}

}  // namespace portloop
