#include "engine/scanner.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>

#include "engine/banner_reader.hpp"
#include "engine/connect_slot.hpp"
#include "engine/in_flight_shares.hpp"
#include "sockets/kept_connection.hpp"

namespace portloop {
namespace {

// The limits of a batch of connects, reports or late slots, after which the embedder's handles run. The time limit is
// for slow callbacks and busy machines. One turn of the loop has at most two batches (late slots and new connects; new
// connects after the answers), and the connector's own.
constexpr int steps_per_turn = 64;
constexpr uint64_t max_batch_us = Connector::max_batch_us;

// The kernel retransmits a SYN after 1 s. A later answer may be to either SYN, and so is no sample (Karn's algorithm).
constexpr uint64_t max_sample_us = 950'000;

constexpr uint64_t progress_interval_us = 20'000;

constexpr uint64_t idle_check_us = 3'600'000'000;

ScannerOptions options_for(ScannerOptions options, const Connector& connector) {
  options.plan.asks_hop = connector.can_limit_hops();
  options.plan.max_in_flight = share_of_connects(options.banners.wanted, options.plan.max_in_flight);
  return options;
}

}  // namespace

Scanner::Scanner(uv_loop_t* loop, LoopTurn& turn, const ScanSpace& space, ProbeCursor& cursor,
                 const ScannerOptions& options, std::unique_ptr<Connector> connector, ScanEvents& events,
                 ScanInput* input)
    : loop_(loop),
      turn_(turn),
      space_(space),
      cursor_(cursor),
      options_(options_for(options, *connector)),
      plan_(space, cursor, options_.plan),
      connector_(std::move(connector)),
      events_(events),
      input_(input),
      slots_(loop, this) {
  if (input_ != nullptr) reader_ = input_->begin();
  if (options_.plan.decoys) suspects_.emplace(options_.plan.decoys->stop);
  if (!options_.banners.wanted) return;
  const uint32_t at_once = share_of_banners(options.plan.max_in_flight);
  banners_ = std::make_unique<BannerReader>(loop_, turn_, options_.banners, options_.keep_connections, at_once,
                                            [this](const ProbeResult& result) {
                                              give_back_permit();  // it was in flight until now
                                              guarded([&] { deliver_read(result); });
                                              if (state_ == State::running) schedule_turn();
                                            });
}

Scanner::~Scanner() = default;

int Scanner::start() {
  assert(state_ == State::fresh);
  const int error = connector_->open(loop_, this);
  if (error != 0) return error;
  wake_.owner = this;
  uv_timer_init(loop_, wake_.get());
  open_handles_ = 1;
  if (space_.links.need_watching()) watch_neighbours();
  state_ = State::running;
  turn_.ref();
  if (!referenced_) {
    referenced_ = true;
    apply_reference(false);
  }
  schedule_turn();
  return 0;
}

// ---- Each turn of the loop ----

void Scanner::schedule_turn() { turn_.queue_turn(work_); }

void Scanner::on_turn() {
  switch (state_) {
    case State::running:
      guarded([this] {
        const uint64_t began_us = uv_hrtime() / 1000;
        poll_late_slots(began_us);
        pump(began_us);
      });
      break;
    case State::stopping:
    case State::closing: guarded([this] { cancel_some(); }); break;
    case State::fresh:
    case State::done: break;
  }
}

void Scanner::on_wake(uv_timer_t* timer) { decltype(wake_)::owner_of(timer).schedule_turn(); }

void Scanner::pump(uint64_t began_us) {
  if (pumping_ || turn_.is_forked()) return;
  pumping_ = true;
  if (neighbours_) neighbours_->poll();
  uint64_t now_us = began_us;
  for (int step = 0; state_ == State::running; ++step) {
    now_us = uv_hrtime() / 1000;
    if (step == steps_per_turn || (step > 0 && (now_us - began_us > max_batch_us || turn_.is_over(now_us)))) {
      schedule_turn();
      break;
    }
    if (suspects_ && report_settled()) continue;
    if (paused_) {
      plan_.hold(false);
      wake_at(UINT64_MAX, now_us);
      break;
    }
    if (banners_ && banners_->full()) break;  // the next one that ends schedules a turn
    draw_next_part(now_us);
    if (report_host()) continue;
    if (share_) plan_.hold(!share_->take(now_us));
    const ProbePlan::Next& next = plan_.next(now_us);
    counters_.not_probed.store(plan_.not_asked() + (suspects_ ? suspects_->dropped() : 0), std::memory_order_relaxed);
    turn_.count_step();
    if (next.step == ProbePlan::Step::ask) {
      start_ask(next.ask);
      continue;
    }
    if (next.step == ProbePlan::Step::report) {
      deliver(next.report);
      continue;
    }
    if (report_host()) continue;  // what this call has found out
    if (next.step == ProbePlan::Step::again) {
      schedule_turn();
    } else if (next.step == ProbePlan::Step::finished) {
      plan_finished();
    } else {
      wait_for_plan(next.wait_until_us, now_us);
    }
    break;
  }
  put_down_permit(state_ == State::running && plan_.is_held_back());
  if (state_ == State::running && now_us >= progress_due_us()) publish_progress(now_us);
  pumping_ = false;
}

/// Returns whether there was one to report.
bool Scanner::report_host() {
  if (!options_.host_verdicts) return false;
  const std::optional<ProbePlan::HostVerdict> verdict = plan_.next_host_verdict();
  if (!verdict) return false;
  turn_.count_step();
  events_.on_host(*verdict);
  return true;
}

void Scanner::wait_for_plan(uint64_t plan_wake_us, uint64_t now_us) {
  const bool is_held_back = share_ && plan_.is_held_back();
  const uint64_t retry_us = is_held_back ? share_->retry_us() : UINT64_MAX;
  const uint64_t publish_us = now_us >= progress_due_us() ? UINT64_MAX : progress_due_us();
  const uint64_t wake_us = std::min({plan_wake_us, next_part_us(), retry_us, publish_us});
  // If it only waits for a permit, nothing else may keep the loop alive.
  if (wake_us != UINT64_MAX || is_held_back) wake_at(wake_us, now_us);
}

uint64_t Scanner::progress_due_us() const { return progress_published_us_ + progress_interval_us; }

/// UINT64_MAX: nothing will come of it; but a running scan keeps the loop alive, and nothing else may.
void Scanner::wake_at(uint64_t time_us, uint64_t now_us) {
  const uint64_t wait_us = time_us == UINT64_MAX ? idle_check_us : time_us - std::min(time_us, now_us);
  uv_update_time(loop_);  // uv_timer_start() counts from the loop's time, which is as old as this turn
  uv_timer_start(wake_.get(), on_wake, (wait_us + 999) / 1000, 0);
}

/// Handles only slots that were late before the loop last polled: outcomes that were ready then have been reported.
void Scanner::poll_late_slots(uint64_t began_us) {
  const size_t count = std::min<size_t>(late_and_polled_, steps_per_turn);
  for (size_t i = 0; i < count && state_ == State::running; ++i) {
    const uint64_t now_us = uv_hrtime() / 1000;
    if (i > 0 && (now_us - began_us > max_batch_us || turn_.is_over(now_us))) break;
    const auto [number, serial] = late_slots_.front();
    late_slots_.pop_front();
    ConnectSlot& slot = slots_[number];
    if (slot.state != ConnectSlot::State::late || slot.ask.serial != serial) continue;  // its connect has ended
    const ConnectOutcome outcome = connector_->poll(number);
    if (outcome.error_number == EALREADY && !outcome.icmp) {
      handle_silence(number, Connector::Keep::socket);
    } else {
      handle(number, outcome);
    }
  }
  late_and_polled_ = late_slots_.size();
  if (!late_slots_.empty() && state_ == State::running) schedule_turn();
}

/// Makes the timer fire after `wait_us` or earlier; if it is earlier, on_deadline() starts it again.
void Scanner::start_timer(ConnectSlot& slot, uint64_t wait_us) {
  const uint64_t wait_ms = wait_us / 1000 + 1;
  const uint64_t due_ms = uv_now(slot.timer.handle.loop) + wait_ms;
  if (slot.timer_due_ms != 0 && slot.timer_due_ms <= due_ms) return;
  slot.timer_due_ms = due_ms;
  uv_timer_start(slot.timer.get(), on_deadline, wait_ms, 0);
}

void Scanner::on_deadline(uv_timer_t* timer) {
  ConnectSlot* slot = &decltype(ConnectSlot::timer)::owner_of(timer);
  slot->timer_due_ms = 0;
  if (slot->state == ConnectSlot::State::free) return;
  assert(slot->state == ConnectSlot::State::connecting);
  // Too early, if it was started for the slot's previous probe, or before an answer of this host changed the timeout,
  // or when the loop's time was stale because a callback had blocked it.
  const uint64_t waited_us = (uv_hrtime() - slot->started_ns) / 1000;
  const uint64_t timeout_us = slot->scanner->plan_.timeout_now_us(slot->ask);
  if (waited_us < timeout_us) {
    // When a neighbour is found meanwhile, the timeout becomes shorter.
    const uint64_t left_us = timeout_us - waited_us;
    start_timer(*slot, slot->ask.unresolved ? std::min<uint64_t>(left_us, min_timeout_us) : left_us);
    return;
  }
  slot->state = ConnectSlot::State::late;
  Scanner* self = slot->scanner;
  self->guarded([&] { self->late_slots_.push_back({slot->number, slot->ask.serial}); });
  self->schedule_turn();
}

// ---- A probe's life ----

void Scanner::free_slot(uint32_t number) {
  const Ask& ask = slots_[number].ask;
  if (ask.unresolved) waiting_slots_.erase(ask.endpoint.address);
  slots_.free(slots_[number]);
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void Scanner::release_slot(uint32_t number, Connector::Keep keep) {
  free_slot(number);
  connector_->release(number, keep);
  give_back_permit();
}

void Scanner::start_ask(const Ask& ask) {
  ConnectSlot& slot = slots_.take(connector_->kind_of(ask.endpoint), options_.plan.max_in_flight);
  if (share_) share_->used();  // the slot has it
  slot.ask = ask;
  slot.state = ConnectSlot::State::connecting;
  counters_.connects.fetch_add(1, std::memory_order_relaxed);
  const uint32_t in_flight = counters_.in_flight.fetch_add(1, std::memory_order_relaxed) + 1;
  if (in_flight > counters_.peak_in_flight.load(std::memory_order_relaxed)) {
    counters_.peak_in_flight.store(in_flight, std::memory_order_relaxed);
  }
  slot.started_ns = uv_hrtime();
  std::optional<ConnectOutcome> outcome;
  try {
    if (ask.unresolved) waiting_slots_.insert_or_assign(ask.endpoint.address, slot.number);
    outcome = ask.kind == ProbeKind::hop ? connector_->start_to_first_hop(slot.number, ask.endpoint)
                                         : connector_->start(slot.number, ask.endpoint);
  } catch (const std::bad_alloc&) {
    free_slot(slot.number);  // the connector has nothing to release
    give_back_permit();
    throw;
  }
  if (outcome) {
    handle(slot.number, *outcome);
    return;
  }
  sent_to_.add(ask.endpoint.address);
  // The timeout shrinks if the host answers meanwhile: the first look is after the shortest one.
  start_timer(slot, std::min(ask.timeout_us, min_timeout_us));
}

void Scanner::on_outcome(uint32_t slot, const ConnectOutcome& outcome) {
  if (state_ == State::running) guarded([&] { handle(slot, outcome); });
}

void Scanner::on_batch_end(bool more_wait) {
  plan_.answers_wait(more_wait);
  if (state_ == State::running) guarded([this] { pump(uv_hrtime() / 1000); });
}

ProbeResult Scanner::result_of(const ConnectSlot& slot, const Verdict& verdict, uint64_t now_ns) const {
  ProbeResult result;
  result.endpoint = slot.ask.endpoint;
  result.position = slot.ask.position;
  result.tag = slot.ask.tag;
  result.state = verdict.state;
  result.reason = verdict.reason;
  result.error_number = verdict.error_number;
  result.attempts = slot.ask.attempt;
  if (verdict.kind == VerdictKind::answer) result.rtt_us = std::max<uint64_t>(1, (now_ns - slot.started_ns) / 1000);
  return result;
}

void Scanner::handle(uint32_t number, const ConnectOutcome& outcome) {
  ConnectSlot& slot = slots_[number];
  assert(slot.state != ConnectSlot::State::free);
  const Verdict verdict = classify(outcome);
  const Ask ask = slot.ask;
  if (ask.kind == ProbeKind::hop && handle_hop(number, outcome, verdict)) return;
  switch (verdict.kind) {
    case VerdictKind::answer:
      // Without an error queue it is not known who sent it, but between an unresolved host and this machine is no
      // router, and one that has not been found sends nothing.
      if (verdict.no_neighbour || (verdict.reason == Reason::host_unreach && !outcome.icmp &&
                                   (ask.unresolved || plan_.lacks_gateway(ask.endpoint)))) {
        handle_no_neighbour(number, verdict);
      } else {
        handle_answer(number, verdict);
      }
      return;
    case VerdictKind::confirm:
    case VerdictKind::ask_again: handle_doubt(number, verdict); return;
    case VerdictKind::pending: return;  // not reported by any connector; if it were, the connect would go on
    case VerdictKind::silent: handle_silence(number, Connector::Keep::nothing); return;
    case VerdictKind::local_limit:
    case VerdictKind::local_wait:
      release_slot(number, Connector::Keep::nothing);
      counters_.local_failures.fetch_add(1, std::memory_order_relaxed);
      plan_.put_back(ask, verdict.error_number, verdict.kind == VerdictKind::local_limit, uv_hrtime() / 1000);
      return;
    case VerdictKind::cannot_ask: {
      // EACCES: a route that prohibits. It may be replaced as well.
      if (verdict.reason == Reason::no_route || verdict.error_number == EACCES) {
        handle_no_route(number, verdict);
        return;
      }
      const ProbeResult result = result_of(slot, verdict, 0);
      release_slot(number, Connector::Keep::nothing);
      plan_.given_up(ask, uv_hrtime() / 1000);
      if (ask.is_probe()) deliver(result);
      return;
    }
  }
}

void Scanner::handle_answer(uint32_t number, const Verdict& verdict) {
  ConnectSlot& slot = slots_[number];
  const Ask ask = slot.ask;
  const uint64_t now_ns = uv_hrtime();
  const ProbeResult result = result_of(slot, verdict, now_ns);
  const uint64_t sample_us = result.rtt_us < max_sample_us ? result.rtt_us : 0;
  const bool is_reported = plan_.take_answer(ask, result, sample_us, now_ns / 1000);
  if (plan_.flow_limit().rate_per_s() > 0) publish_flow_limit();
  if (verdict.state == PortState::open && ask.is_probe()) {
    handle_open_port(number, result);
    return;
  }
  release_slot(number, Connector::Keep::socket);
  if (is_reported) deliver(result);
}

/// An address without a route is one that can't be scanned from here, unless the route is there again, or one that was
/// used before is away as well.
void Scanner::handle_no_route(uint32_t number, const Verdict& verdict) {
  const Ask ask = slots_[number].ask;
  const ProbeResult result = result_of(slots_[number], verdict, 0);
  release_slot(number, Connector::Keep::nothing);
  const std::optional<Address> nearest = sent_to_.nearest(ask.endpoint.address);
  const bool may_pass = connector_->has_route(ask.endpoint.address) || (nearest && !connector_->has_route(*nearest));
  if (plan_.no_route(ask, may_pass, uv_hrtime() / 1000)) deliver(result);
}

void Scanner::handle_silence(uint32_t number, Connector::Keep keep) {
  const Ask ask = slots_[number].ask;
  release_slot(number, keep);
  if (ask.kind == ProbeKind::hop) {
    plan_.hop_ended(ask, HopOutcome::silent, uv_hrtime() / 1000);
    return;
  }
  if (ask.is_probe()) forget_doubt(ask.position);  // a retry starts afresh
  plan_.silent(ask, uv_hrtime() / 1000);
}

/// The answer is not conclusive: core/doubt.hpp decides what it is worth.
void Scanner::handle_doubt(uint32_t number, const Verdict& verdict) {
  constexpr Verdict open{VerdictKind::answer, PortState::open, Reason::syn_ack, 0};
  const ConnectSlot& slot = slots_[number];
  const Ask ask = slot.ask;
  if (ask.kind == ProbeKind::decoy || ask.kind == ProbeKind::proof) {
    handle_silence(number, Connector::Keep::nothing);
    return;
  }
  if (!ask.is_probe()) {  // any answer will do
    handle_answer(number, open);
    return;
  }
  switch (resolve_doubt(doubts_[ask.position], verdict)) {
    case DoubtStep::believe_open: handle_answer(number, open); return;
    case DoubtStep::report_unknown: {
      const ProbeResult unknown = result_of(slot, verdict, 0);
      release_slot(number, Connector::Keep::nothing);
      plan_.given_up(ask, uv_hrtime() / 1000);
      deliver(unknown);
      return;
    }
    case DoubtStep::ask_again:
      release_slot(number, Connector::Keep::nothing);
      plan_.repeat(ask);
      if (!pumping_) schedule_turn();
      return;
  }
}

void Scanner::forget_doubt(uint64_t position) {
  if (!doubts_.empty()) doubts_.erase(position);
}

void Scanner::read_banner(uint32_t number, const ProbeResult& result) {
  free_slot(number);
  banners_->read(*connector_, number, result);
}

void Scanner::deliver_connection(uint32_t number, ProbeResult result, bool hold) {
  free_slot(number);
  KeptConnection connection(connector_->detach(number));
  give_back_permit();
  result.connection = &connection;
  hold ? suspects_->hold(result) : deliver(result);
  if (turn_.is_forked()) connection.abandon();
}

void Scanner::deliver(const ProbeResult& result) {
  if (state_ == State::closing || turn_.is_forked()) return;  // close() promises no further results
  forget_doubt(result.position);
  std::atomic<uint64_t>* counts[] = {&counters_.open, &counters_.closed, &counters_.filtered, &counters_.unknown};
  counts[static_cast<size_t>(result.state)]->fetch_add(1, std::memory_order_relaxed);
  events_.on_result(result);
}

}  // namespace portloop
