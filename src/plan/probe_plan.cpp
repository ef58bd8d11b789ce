#include "plan/probe_plan.hpp"

#include "plan/probe_plan_block.hpp"

namespace portloop {
namespace {

// Live state is bounded whatever the size of the scan: 2^21 half bytes and 2^15 hosts of 64 bytes.
constexpr uint64_t max_live_probes = uint64_t{1} << 21;
constexpr uint64_t max_live_hosts = uint64_t{1} << 15;

// A search for the next silent port is cut after this many steps of about 15 ns, so that the loop breathes.
constexpr uint32_t steps_per_call = 4096;

// When silence becomes a verdict, fewer than one answering port in a thousand blocks may be missing.
constexpr double missing_allowed = 0.001;
constexpr uint32_t max_empty_passes = 10;
constexpr uint32_t max_empty_passes_at_heavy_loss = 40;
constexpr uint32_t max_passes = LossEstimate::passes_counted;

// Where nothing answers nothing is known of the loss, and two asks say little. As many as wait at once without being
// noticed are asked a third time; for more that would be half of the time again, spent on a dead network.
constexpr uint32_t max_ports_asked_thrice = 1024;

// Where much is lost and few ports are left, every other ask is a check: the rest would measure too little. One
// by one, because a burst of them would use up what a limited host still answers.
constexpr double heavy_loss = 0.2;
constexpr uint32_t few_ports = 64;

// However few ports are left, a pass measures its own loss by so many checks.
constexpr uint32_t min_checks_per_pass = 8;

// In a pass, so that a scan of a few passes makes no more than a dozen connections to one server: OpenSSH's
// PerSourcePenalties, for one, shuts an address out after fifteen.
constexpr uint32_t checks_of_an_open_port = 4;

// A local failure that never passes, with nothing else in flight, is tried for about this many pauses (13 s).
constexpr uint8_t max_local_failures = 9;

// The kernel sends a SYN again after 1 s (RFC 6298 section 2.1, tcp_output.c TCP_TIMEOUT_INIT). Between a
// little before that and the time when its answer could be here, giving up wastes a packet.
constexpr uint64_t before_resend_us = 950'000;
constexpr uint64_t resend_us = 1'000'000;

}  // namespace

uint64_t ScanSpace::finished_count() const {
  uint64_t count = 0;
  for (const PositionRange& range : finished) {
    if (range.first < size()) count += std::min(range.last, size() - 1) - range.first + 1;
  }
  return count;
}

uint64_t ScanSpace::first_unfinished(uint64_t position) const {
  const auto after = std::upper_bound(finished.begin(), finished.end(), position,
                                      [](uint64_t at, const PositionRange& range) { return at < range.first; });
  if (after == finished.begin() || (after - 1)->last < position) return position;
  return (after - 1)->last == UINT64_MAX ? UINT64_MAX : (after - 1)->last + 1;
}

ProbePlan::ProbePlan(const ScanSpace& space, ProbeCursor& cursor, const PlanOptions& options)
    : space_(space),
      cursor_(cursor),
      options_(options),
      window_({options.adaptive, options.max_in_flight, options.rate_per_s}, cursor.pace),
      in_flight_cap_(options.max_in_flight) {}

ProbePlan::~ProbePlan() = default;

ProbePlan::Next ProbePlan::next(uint64_t now_us) {
  Next next;
  steps_left_ = steps_per_call;
  window_.advance(now_us);
  if (now_us >= pause_until_us_) {
    if (next_put_back(now_us, next)) return next;
    const auto count = static_cast<uint32_t>(blocks_.size());
    for (uint32_t i = 0; i < count; ++i) {
      Block* block = blocks_[(turn_ + i) % count].get();
      if (block != nullptr && next_of_block(*block, now_us, next)) {
        turn_ = (turn_ + i) % count;
        return next;
      }
    }
    if (next_fresh(now_us, next)) return next;
  }
  if (steps_left_ == 0) {
    next.step = Step::again;
  } else if (no_work_left()) {
    next.step = Step::finished;
  } else {
    next.step = Step::wait;
    next.wait_until_us = wake_time_us(now_us);
  }
  return next;
}

bool ProbePlan::may_send(uint64_t now_us) const {
  return in_flight_ < static_cast<uint32_t>(in_flight_cap_) && window_.may_send(now_us);
}

bool ProbePlan::no_work_left() const {
  if (!drawn_all_ || !put_back_.empty()) return false;
  return std::all_of(blocks_.begin(), blocks_.end(), [](const auto& block) { return block == nullptr; });
}

uint64_t ProbePlan::wake_time_us(uint64_t now_us) const {
  if (now_us < pause_until_us_) return pause_until_us_;
  uint64_t wake_us = window_.next_judgement_us();
  const bool room = in_flight_ < static_cast<uint32_t>(in_flight_cap_) && window_.has_room();
  if (room && window_.next_send_us() > now_us) wake_us = std::min(wake_us, window_.next_send_us());
  for (const auto& block : blocks_) {
    if (block == nullptr) continue;
    for (const Suspension& suspension : block->suspensions) wake_us = std::min(wake_us, suspension.next_check_us);
  }
  return std::max(wake_us, now_us + 1);
}

bool ProbePlan::next_put_back(uint64_t now_us, Next& next) {
  if (put_back_.empty()) return false;
  PutBack& last = put_back_.back();
  if (last.ask.local_failures >= max_local_failures) {
    next.step = Step::report;
    next.report = {last.ask.endpoint,  last.ask.position,
                   PortState::unknown, Reason::local_error,
                   last.error_number,  0,
                   last.ask.attempt,   {}};
    Block& block = *blocks_[last.ask.block];
    block.ledger.finish(last.ask.probe);
    --block.unfinished;
    --block.in_flight;
    put_back_.pop_back();
    return true;
  }
  if (Block& block = *blocks_[last.ask.block]; block.hosts[last.ask.host].stopped) {
    block.ledger.finish(last.ask.probe);
    --block.unfinished;
    --block.in_flight;
    ++not_asked_;
    put_back_.pop_back();
    steps_left_ = 0;  // the caller looks again
    return false;
  }
  if (!may_send(now_us)) return false;
  next.step = Step::ask;
  next.ask = last.ask;
  put_back_.pop_back();
  Block& block = *blocks_[next.ask.block];
  --block.in_flight;  // send() counts it again
  send(next.ask, now_us);
  return true;
}

bool ProbePlan::next_of_block(Block& block, uint64_t now_us, Next& next) {
  if (!block.suspensions.empty() && next_recovery_check(block, now_us, next)) return true;
  switch (block.phase) {
    case Block::Phase::drawing: return false;
    case Block::Phase::sweeping:
      if (next_retry(block, now_us, next)) return true;
      if (block.phase != Block::Phase::settling) return false;
      [[fallthrough]];
    case Block::Phase::settling:
      if ((block.in_flight > 0 && !may_overlap(block)) || !block.suspensions.empty()) return false;
      // The block may be forgotten then; if it is not, its next phase is served by the next call.
      if (pass_ended(block)) steps_left_ = 0;
      return false;
    case Block::Phase::reporting: return next_report(block, next);
  }
  return false;
}

bool ProbePlan::next_recovery_check(Block& block, uint64_t now_us, Next& next) {
  for (size_t i = 0; i < block.suspensions.size(); ++i) {
    Suspension& suspension = block.suspensions[i];
    if (now_us < suspension.next_check_us) continue;
    static constexpr uint64_t max_interval_us = 8'000'000;
    static constexpr uint64_t given_up_after_us = 20'000'000;
    Host& host = block.hosts[suspension.host];
    if (now_us - suspension.since_us >= given_up_after_us) {
      host.lost = true;
      host.suspended = false;
      block.suspensions.erase(block.suspensions.begin() + static_cast<std::ptrdiff_t>(i));
      return false;
    }
    if (!may_send(now_us)) return false;
    suspension.interval_us = std::min(suspension.interval_us * 2, max_interval_us);
    suspension.next_check_us = now_us + suspension.interval_us;
    fill_ask(block, host.answerer, ProbeKind::check, now_us, next);
    return true;
  }
  return false;
}

bool ProbePlan::next_retry(Block& block, uint64_t now_us, Next& next) {
  if (!may_send(now_us)) return false;
  while (block.sweep_at < block.ledger.size()) {
    if (steps_left_ == 0) return false;
    --steps_left_;
    const auto probe = static_cast<uint32_t>(block.sweep.at(block.sweep_at));
    if (block.asked_now[probe]) block.skipped_some = true;
    if (block.ledger.finished(probe) || block.asked_now[probe]) {
      ++block.sweep_at;
      continue;
    }
    Host& host = block.hosts[block.local(space_, probe).host_in_block];
    if (!wants_retry(block, host)) {
      ++block.sweep_at;
      continue;
    }
    if (block.asks_to_next_check == 0 && options_.adaptive) {
      block.asks_to_next_check = checks_are_scarce(block) ? 1 : window_.asks_per_check();
      if (const uint32_t check = probe_to_check(block, host, mix64(now_us + probe)); check != Host::no_probe) {
        fill_check(block, check, now_us, next);
        return true;
      }
    }
    if (block.asks_to_next_check > 0) --block.asks_to_next_check;
    ++block.sweep_at;
    fill_ask(block, probe, ProbeKind::retry, now_us, next);
    return true;
  }
  if (block.checks_due > 0 && options_.adaptive) {
    if (const uint32_t check = probe_to_check_last(block, space_, mix64(now_us)); check != Host::no_probe) {
      fill_check(block, check, now_us, next);
      return true;
    }
  }
  block.phase = Block::Phase::settling;
  return false;
}

bool ProbePlan::next_report(Block& block, Next& next) {
  while (block.sweep_at < block.ledger.size()) {
    if (steps_left_ == 0) return false;
    --steps_left_;
    const uint32_t probe = block.sweep_at++;
    if (block.ledger.finished(probe)) continue;
    const auto local = block.local(space_, probe);
    const Host& host = block.hosts[local.host_in_block];
    if (host.stopped) {
      // It may have been asked, but not as often as a verdict takes.
      block.ledger.finish(probe);
      --block.unfinished;
      ++not_asked_;
      continue;
    }
    next.step = Step::report;
    next.report.endpoint = {space_.targets.at(host.target), space_.ports.at(local.port)};
    next.report.position = block.first_position + probe;
    next.report.state = host.lost ? PortState::unknown : PortState::filtered;
    next.report.reason = host.lost ? Reason::host_lost : Reason::no_response;
    next.report.attempts = block.ledger.attempts(probe);
    block.ledger.finish(probe);
    --block.unfinished;
    return true;
  }
  forget(block);
  return false;
}

bool ProbePlan::next_fresh(uint64_t now_us, Next& next) {
  while (may_send(now_us)) {
    if (steps_left_ == 0) return false;
    --steps_left_;
    if (chunk_next_ == chunk_end_) {
      if (drawn_all_) return false;
      chunk_next_ = cursor_.next_position.fetch_add(ProbeCursor::chunk, std::memory_order_relaxed);
      chunk_end_ = std::min(chunk_next_ + ProbeCursor::chunk, space_.size());
      if (chunk_next_ >= space_.size()) {
        chunk_next_ = chunk_end_ = 0;
        drawn_all_ = true;
        drawing_ended();
        steps_left_ = 0;
        return false;
      }
    }
    if (const uint64_t fresh = space_.first_unfinished(chunk_next_); fresh != chunk_next_) {
      chunk_next_ = std::min(fresh, chunk_end_);
      continue;
    }
    if (!block_for_drawing(chunk_next_)) return false;
    Block& block = *blocks_[drawing_];
    const auto probe = static_cast<uint32_t>(chunk_next_++ - block.first_position);
    if (options_.stop_after != 0 && block.hosts[block.local(space_, probe).host_in_block].stopped) {
      ++not_asked_;  // as if it had not been drawn: the ledger counts it as finished
      continue;
    }
    block.ledger.draw(probe);
    ++block.unfinished;
    if (!block.suspensions.empty() && block.hosts[block.local(space_, probe).host_in_block].suspended) continue;
    fill_ask(block, probe, ProbeKind::fresh, now_us, next);
    return true;
  }
  return false;
}

bool ProbePlan::block_for_drawing(uint64_t position) {
  const uint64_t number = space_.order.block_of(space_.shard.index_at(position));
  if (drawing_ != no_block) {
    if (blocks_[drawing_]->number == number) return true;
    drawing_ended();
  }
  const bool first = live_hosts_ == 0;
  const uint64_t hosts = space_.order.hosts_in_block(number);
  const uint64_t probes = hosts * space_.order.ports() / space_.shard.count;
  if (!first && (live_hosts_ + hosts > max_live_hosts || live_probes_ + probes > max_live_probes)) return false;
  open_block(number);
  return true;
}

void ProbePlan::open_block(uint64_t number) {
  auto block = std::make_unique<Block>(space_, number);
  live_hosts_ += block->hosts.size();
  live_probes_ += block->ledger.size();
  drawing_ = 0;
  while (drawing_ < blocks_.size() && blocks_[drawing_] != nullptr) ++drawing_;
  if (drawing_ == blocks_.size()) blocks_.emplace_back();
  block->place = drawing_;
  blocks_[drawing_] = std::move(block);
}

void ProbePlan::drawing_ended() {
  if (drawing_ != no_block) blocks_[drawing_]->phase = Block::Phase::settling;
  drawing_ = no_block;
}

bool ProbePlan::another_pass(const Block& block, uint32_t empty_passes) const {
  if (options_.retries) return block.pass < max_passes;  // each host counts its own: wants_retry() decides
  if (block.pass < 2) return true;
  if (block.pass >= max_passes) return false;
  return empty_passes < (block.loss.first_pass_loss() > heavy_loss ? max_empty_passes_at_heavy_loss : max_empty_passes);
}

/// A limited host answers so many a second, and what it isn't asked meanwhile is lost: while many ports are left,
/// the next pass need not wait for the last answers of this one.
bool ProbePlan::may_overlap(const Block& block) const {
  return !options_.retries && window_.learned_rate_per_s() > 0 && block.unfinished >= block.in_flight + few_ports;
}

bool ProbePlan::checks_are_scarce(const Block& block) const {
  return block.unfinished < few_ports && block.loss.first_pass_loss() > heavy_loss;
}

/// Of a host that is being asked again: a probe that should answer, or none. Of many hosts only this one's own will do,
/// because loss is the path's.
uint32_t ProbePlan::probe_to_check(Block& block, Host& host, uint64_t random) {
  if (host.answerer_is == Answerer::closed)
    return block.hosts.size() == 1 ? block.closed_answerers.pick(random) : host.answerer;
  if (host.answerer_is != Answerer::open || host.open_checks_left == 0) return Host::no_probe;
  --host.open_checks_left;
  return block.hosts.size() == 1 ? block.open_answerers.pick(random) : host.answerer;
}

/// At the end of a pass that had too few: any probe of the block that should answer, or none. A host that is away says
/// nothing of the path, and one that has enough open ports is asked no more.
uint32_t ProbePlan::probe_to_check_last(Block& block, const ScanSpace& space, uint64_t random) {
  const bool closed = block.closed_answerers.size() > 0;
  if (!closed && block.open_answerers.size() == 0) return Host::no_probe;
  const uint32_t probe = closed ? block.closed_answerers.pick(random) : block.open_answerers.pick(random);
  Host& host = block.hosts[block.local(space, probe).host_in_block];
  if (host.suspended || host.lost || host.stopped) return Host::no_probe;
  return closed ? probe : probe_to_check(block, host, random);
}

bool ProbePlan::wants_retry(const Block& block, const Host& host) const {
  if (host.suspended || host.lost || host.stopped) return false;
  const int passes = static_cast<int>(block.pass) - 1 - host.passes_void;  // that counted, before this one
  if (options_.retries) return passes <= static_cast<int>(*options_.retries);
  if (block.all_retry) return true;
  if (passes < 2) return true;
  if (block.hosts.size() == 1) return false;  // the block's loss is its own
  // The host's own loss, where it is worse than the block's: one loss for all passes.
  double missing = host.answers;
  const double loss = block.loss.first_pass_loss_of(host.answers, host.rescued);
  for (int pass = 0; pass < passes; ++pass) missing *= loss;
  return missing >= missing_allowed;
}

/// Answers whether the block has gone on to its next phase, or is forgotten. While asks are in flight it only
/// goes on to another pass.
bool ProbePlan::pass_ended(Block& block) {
  const bool settled = block.in_flight == 0;
  if (block.unfinished == 0) {
    if (settled) forget(block);
    return settled;
  }
  if (space_.order.block_count() == 1) block.loss.exchange(cursor_.answers);
  const bool found = block.loss.answers_in(block.pass) > 0;
  const uint32_t empty_passes = found ? 0 : block.empty_passes + 1;
  const bool again = another_pass(block, empty_passes) && start_pass(block);
  if (!again && !settled) return false;
  block.empty_passes = empty_passes;
  block.sweep_at = 0;
  block.phase = again ? Block::Phase::sweeping : Block::Phase::reporting;
  return true;
}

/// Sets the next pass up; false where no host is to be asked again.
bool ProbePlan::start_pass(Block& block) {
  // A pass that found something is never the last: what it found says that there was something to find.
  const bool found = block.pass > 1 && block.loss.answers_in(block.pass) > 0;
  // Where much is lost each pass is a poor witness, and its losses come in bursts: a wider margin.
  const double allowed = block.loss.first_pass_loss() > heavy_loss ? missing_allowed * 0.01 : missing_allowed;
  const bool dead = block.loss.answers() == 0 && block.unfinished > max_ports_asked_thrice;
  block.all_retry =
      block.pass < 2 || found || block.skipped_some || (!dead && block.loss.missing_after(block.pass) >= allowed);
  block.skipped_some = false;
  ++block.pass;
  const bool again =
      std::any_of(block.hosts.begin(), block.hosts.end(), [&](const Host& host) { return wants_retry(block, host); });
  if (!again) {
    --block.pass;
    return false;
  }
  block.asks_to_next_check = checks_are_scarce(block) ? 1 : window_.asks_per_check() / 2;
  block.checks_due = min_checks_per_pass;
  for (Host& host : block.hosts) {
    const uint32_t ports = block.hosts.size() == 1 ? block.open_answerers.size() : 1;
    host.open_checks_left = static_cast<uint8_t>(std::min(255U, checks_of_an_open_port * ports));
  }
  block.sweep = Permutation(block.ledger.size(), mix64(block.number) + block.pass);
  window_.begin_retry_pass();
  return true;
}

void ProbePlan::forget(Block& block) {
  live_hosts_ -= block.hosts.size();
  live_probes_ -= block.ledger.size();
  blocks_[block.place].reset();
}

void ProbePlan::fill_ask(Block& block, uint32_t probe, ProbeKind kind, uint64_t now_us, Next& next) {
  const auto local = block.local(space_, probe);
  const Host& host = block.hosts[local.host_in_block];
  next.step = Step::ask;
  Ask& ask = next.ask;
  ask = {};
  ask.endpoint = {space_.targets.at(host.target), space_.ports.at(local.port)};
  ask.position = block.first_position + probe;
  ask.block = block.place;
  ask.probe = probe;
  ask.host = local.host_in_block;
  ask.kind = kind;
  ask.pass = static_cast<uint8_t>(block.pass);
  if (kind != ProbeKind::check) {
    ask.attempt = static_cast<uint8_t>(block.ledger.count_attempt(probe));
    if (ask.attempt == 1) ask.kind = ProbeKind::fresh;
  }
  ask.timeout_us = timeout_us(host, block.pass);
  send(ask, now_us);
}

void ProbePlan::fill_check(Block& block, uint32_t probe, uint64_t now_us, Next& next) {
  if (block.checks_due > 0) --block.checks_due;
  fill_ask(block, probe, ProbeKind::check, now_us, next);
}

void ProbePlan::send(Ask& ask, uint64_t now_us) {
  ask.serial = window_.sent(ask.kind, now_us);
  ++in_flight_;
  Block& block = *blocks_[ask.block];
  ++block.in_flight;
  if (ask.kind != ProbeKind::check) block.asked_now[ask.probe] = true;
}

uint32_t ProbePlan::timeout_now_us(const Ask& ask) const {
  const Block& block = *blocks_[ask.block];
  return std::min(ask.timeout_us, timeout_us(block.hosts[ask.host], ask.pass));
}

uint32_t ProbePlan::timeout_us(const Host& host, uint32_t pass) const {
  const uint64_t max_us = uint64_t{options_.timeout_ms} * 1000;
  if (!options_.adaptive) return static_cast<uint32_t>(max_us);
  uint64_t timeout_us = pass < 2 ? before_resend_us : 2 * resend_us;
  // Another host's samples don't shorten this one's timeout: hosts of 250 ms were lost that way.
  if (host.rtt.has_sample()) {
    timeout_us = std::max<uint64_t>({min_timeout_us, 2 * uint64_t{host.rtt.srtt_us()}, host.rtt.deadline_us()});
    if (pass >= 2) timeout_us *= 2;
  }
  timeout_us = std::min(timeout_us, max_us);
  const uint64_t resend_answered_us = resend_us + (host.rtt.has_sample() ? host.rtt.deadline_us() : 250'000);
  if (timeout_us > before_resend_us && timeout_us < resend_answered_us) timeout_us = before_resend_us;
  return static_cast<uint32_t>(timeout_us);
}

}  // namespace portloop
