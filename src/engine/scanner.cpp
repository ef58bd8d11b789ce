#include "engine/scanner.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "engine/banner_reader.hpp"
#include "engine/connect_slot.hpp"

namespace portloop {
namespace {

// Connects, reports or late slots in one turn of the loop: at most 64 x 10 us, then the embedder's handles
// have their turn.
constexpr int steps_per_turn = 64;

// An answer after the kernel's resend at 1 s may be to either SYN: it is no sample (Karn's rule).
constexpr uint64_t longest_sample_us = 950'000;

// Seen open from three source ports, a port of this machine is open: two of our own sockets that meet by
// chance do not meet three times.
constexpr uint8_t confirmations_needed = 2;
// A reset after the handshake is asked about again this often before it counts as what it is: an open port
// whose server resets at once.
constexpr uint8_t resets_believed = 2;
// A socket that meets itself is asked again from another source port; with a port range of ten ports it may
// well meet itself several times.
constexpr uint8_t most_anomalies = 100;

uv_handle_t* as_handle(auto* handle) { return reinterpret_cast<uv_handle_t*>(handle); }

ScannerOptions divided(ScannerOptions options) {
  // Banners being read hold descriptors too: a quarter of the window is theirs.
  if (options.banners.wanted) options.plan.most_in_flight = std::max(1U, options.plan.most_in_flight / 4 * 3);
  return options;
}

}  // namespace

Scanner::Scanner(uv_loop_t* loop, const ScanSpace& space, ProbeCursor& cursor, const ScannerOptions& options,
                 std::unique_ptr<Connector> connector, ScanEvents& events)
    : loop_(loop),
      options_(divided(options)),
      plan_(space, cursor, options_.plan),
      connector_(std::move(connector)),
      events_(events) {
  if (!options_.banners.wanted) return;
  const uint32_t at_once = std::max(1U, options.plan.most_in_flight / 4);
  banners_ = std::make_unique<BannerReader>(loop_, options_.banners, at_once, [this](const ProbeResult& result) {
    deliver(result);
    if (state_ == State::running) turn_soon();
  });
}

Scanner::~Scanner() = default;

int Scanner::start() {
  assert(state_ == State::fresh);
  const int error = connector_->open(loop_, this);
  if (error != 0) return error;
  uv_idle_init(loop_, &turns_);
  uv_timer_init(loop_, &wake_);
  turns_.data = this;
  wake_.data = this;
  open_handles_ = 2;
  state_ = State::running;
  if (!referenced_) set_referenced(false);
  turn_soon();
  return 0;
}

// ---- Each turn of the loop ----

void Scanner::turn_soon() { uv_idle_start(&turns_, on_turn); }

void Scanner::on_turn(uv_idle_t* idle) {
  auto* self = static_cast<Scanner*>(idle->data);
  uv_idle_stop(idle);
  switch (self->state_) {
    case State::running:
      self->ask_late_slots();
      self->pump();
      break;
    case State::stopping:
    case State::closing:
      self->cancel_some();
      break;
    case State::fresh:
    case State::done:
      break;
  }
}

void Scanner::on_wake(uv_timer_t* timer) { static_cast<Scanner*>(timer->data)->turn_soon(); }

void Scanner::pump() {
  if (pumping_) return;
  pumping_ = true;
  for (int step = 0; state_ == State::running; ++step) {
    if (step == steps_per_turn) {
      turn_soon();
      break;
    }
    if (banners_ && banners_->full()) break;  // one that ends calls for another turn
    const uint64_t now_us = uv_hrtime() / 1000;
    const ProbePlan::Next next = plan_.next(now_us);
    if (next.step == ProbePlan::Step::ask) {
      start_ask(next.ask);
      continue;
    }
    if (next.step == ProbePlan::Step::report) {
      deliver(next.report);
      continue;
    }
    if (next.step == ProbePlan::Step::again) {
      turn_soon();
    } else if (next.step == ProbePlan::Step::finished) {
      if (!banners_ || banners_->idle()) finish(0);
    } else if (next.wait_until_us != UINT64_MAX) {
      const uint64_t wait_us = next.wait_until_us > now_us ? next.wait_until_us - now_us : 0;
      uv_update_time(loop_);  // a timer counts from the loop's idea of now, which is as old as this turn
      uv_timer_start(&wake_, on_wake, (wait_us + 999) / 1000, 0);
    }
    break;
  }
  pumping_ = false;
}

/// Only those that were late before the loop polled last: since then, whatever lay ready has been told.
void Scanner::ask_late_slots() {
  const size_t count = std::min<size_t>(late_and_polled_, steps_per_turn);
  for (size_t i = 0; i < count && state_ == State::running; ++i) {
    const uint32_t number = late_slots_.front();
    late_slots_.pop_front();
    ConnectSlot& slot = *slots_[number];
    if (slot.state != ConnectSlot::State::late) continue;  // its answer came
    const ConnectOutcome outcome = connector_->ask(number);
    if (outcome.error_number == EALREADY && !outcome.icmp) {
      const Ask ask = slot.ask;
      free_slot(number, Connector::Keep::socket);
      plan_.silent(ask, uv_hrtime() / 1000);
    } else {
      handle(number, outcome);
    }
  }
  late_and_polled_ = late_slots_.size();
  if (!late_slots_.empty() && state_ == State::running) turn_soon();
}

void Scanner::on_deadline(uv_timer_t* timer) {
  auto* slot = static_cast<ConnectSlot*>(timer->data);
  assert(slot->state == ConnectSlot::State::connecting);
  slot->state = ConnectSlot::State::late;
  slot->timed = false;
  slot->scanner->late_slots_.push_back(slot->number);
  slot->scanner->turn_soon();
}

// ---- A probe's life ----

ConnectSlot& Scanner::take_slot(const Endpoint& endpoint) {
  const uint32_t kind = connector_->kind_of(endpoint);
  std::vector<uint32_t>* from = &free_slots_[kind];
  if (from->empty() && slots_.size() >= options_.plan.most_in_flight) {
    from = std::find_if(std::begin(free_slots_), std::end(free_slots_), [](const auto& list) { return !list.empty(); });
  }
  if (from->empty()) {
    add_slot();
    from = &free_slots_[0];
  }
  ConnectSlot& slot = *slots_[from->back()];
  from->pop_back();
  slot.kind = kind;
  return slot;
}

void Scanner::add_slot() {
  auto slot = std::make_unique<ConnectSlot>();
  slot->scanner = this;
  slot->number = static_cast<uint32_t>(slots_.size());
  slot->timer.data = slot.get();
  uv_timer_init(loop_, &slot->timer);
  if (!referenced_) uv_unref(as_handle(&slot->timer));
  ++open_handles_;
  free_slots_[0].push_back(slot->number);
  slots_.push_back(std::move(slot));
}

void Scanner::free_slot(uint32_t number, Connector::Keep keep) {
  ConnectSlot& slot = *slots_[number];
  assert(slot.state != ConnectSlot::State::free);
  if (slot.timed) uv_timer_stop(&slot.timer);
  slot.timed = false;
  slot.state = ConnectSlot::State::free;
  connector_->release(number, keep);
  free_slots_[slot.kind].push_back(number);
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void Scanner::start_ask(const Ask& ask) {
  ConnectSlot& slot = take_slot(ask.endpoint);
  slot.ask = ask;
  slot.state = ConnectSlot::State::connecting;
  counters_.connects.fetch_add(1, std::memory_order_relaxed);
  const uint32_t in_flight = counters_.in_flight.fetch_add(1, std::memory_order_relaxed) + 1;
  if (in_flight > counters_.peak_in_flight.load(std::memory_order_relaxed)) {
    counters_.peak_in_flight.store(in_flight, std::memory_order_relaxed);
  }
  slot.started_ns = uv_hrtime();
  if (const auto outcome = connector_->start(slot.number, ask.endpoint)) {
    handle(slot.number, *outcome);
    return;
  }
  slot.timed = true;
  uv_timer_start(&slot.timer, on_deadline, ask.timeout_us / 1000 + 1, 0);
}

void Scanner::on_outcome(uint32_t slot, const ConnectOutcome& outcome) {
  if (state_ == State::running) handle(slot, outcome);
}

void Scanner::on_batch_end() {
  if (state_ == State::running) pump();
}

ProbeResult Scanner::result_of(const ConnectSlot& slot, const Verdict& verdict, uint64_t now_ns) const {
  ProbeResult result;
  result.endpoint = slot.ask.endpoint;
  result.state = verdict.state;
  result.reason = verdict.reason;
  result.error_number = verdict.error_number;
  result.attempts = slot.ask.attempt;
  if (verdict.kind == VerdictKind::answer) result.rtt_us = std::max<uint64_t>(1, (now_ns - slot.started_ns) / 1000);
  return result;
}

void Scanner::handle(uint32_t number, const ConnectOutcome& outcome) {
  ConnectSlot& slot = *slots_[number];
  assert(slot.state != ConnectSlot::State::free);
  const Verdict verdict = classify(outcome);
  const Ask ask = slot.ask;
  switch (verdict.kind) {
    case VerdictKind::answer:
      handle_answer(number, verdict);
      return;
    case VerdictKind::confirm:
    case VerdictKind::ask_again:
      handle_doubt(number, verdict);
      return;
    case VerdictKind::pending:  // the connector tells no such thing; waiting on is right all the same
      return;
    case VerdictKind::silent:
      free_slot(number, Connector::Keep::nothing);
      plan_.silent(ask, uv_hrtime() / 1000);
      return;
    case VerdictKind::local_limit:
    case VerdictKind::local_wait:
      free_slot(number, Connector::Keep::nothing);
      counters_.local_failures.fetch_add(1, std::memory_order_relaxed);
      plan_.put_back(ask, verdict.error_number, verdict.kind == VerdictKind::local_limit, uv_hrtime() / 1000);
      return;
    case VerdictKind::cannot_ask: {
      const ProbeResult result = result_of(slot, verdict, 0);
      free_slot(number, Connector::Keep::nothing);
      plan_.given_up(ask);
      if (ask.kind != ProbeKind::check) deliver(result);
      return;
    }
  }
}

void Scanner::handle_answer(uint32_t number, const Verdict& verdict) {
  ConnectSlot& slot = *slots_[number];
  const Ask ask = slot.ask;
  const uint64_t now_ns = uv_hrtime();
  const ProbeResult result = result_of(slot, verdict, now_ns);
  plan_.answered(ask, result.rtt_us < longest_sample_us ? result.rtt_us : 0, now_ns / 1000);
  if (verdict.state == PortState::open && banners_ && ask.kind != ProbeKind::check) {
    read_banner(number, result);
    return;
  }
  free_slot(number, Connector::Keep::socket);
  if (ask.kind != ProbeKind::check) deliver(result);
}

/// The answer makes no sense yet: from a fresh socket, and so from another source port, it is asked again.
void Scanner::handle_doubt(uint32_t number, const Verdict& verdict) {
  Ask ask = slots_[number]->ask;
  const bool reset = verdict.error_number == ECONNRESET || verdict.error_number == EPIPE;
  if (ask.kind == ProbeKind::check || (verdict.kind == VerdictKind::confirm && ask.confirmations >= confirmations_needed) ||
      (reset && ask.anomalies >= resets_believed)) {
    handle_answer(number, {VerdictKind::answer, PortState::open, Reason::syn_ack, 0});
    return;
  }
  free_slot(number, Connector::Keep::nothing);
  if (verdict.kind == VerdictKind::confirm) {
    ++ask.confirmations;
  } else if (++ask.anomalies >= most_anomalies) {
    plan_.given_up(ask);
    ProbeResult unknown;
    unknown.endpoint = ask.endpoint;
    unknown.reason = Reason::local_error;
    unknown.error_number = verdict.error_number;
    unknown.attempts = ask.attempt;
    deliver(unknown);
    return;
  }
  plan_.repeat(ask);
  if (!pumping_) turn_soon();
}

void Scanner::read_banner(uint32_t number, const ProbeResult& result) {
  ConnectSlot& slot = *slots_[number];
  if (slot.timed) uv_timer_stop(&slot.timer);
  slot.timed = false;
  slot.state = ConnectSlot::State::free;
  free_slots_[slot.kind].push_back(number);
  counters_.in_flight.fetch_sub(1, std::memory_order_relaxed);
  banners_->read(*connector_, number, result);
}

void Scanner::deliver(const ProbeResult& result) {
  std::atomic<uint64_t>* counts[] = {&counters_.open, &counters_.closed, &counters_.filtered, &counters_.unknown};
  counts[static_cast<size_t>(result.state)]->fetch_add(1, std::memory_order_relaxed);
  events_.on_result(result);
}

// ---- The end ----

void Scanner::finish(int status) {
  state_ = State::done;
  uv_timer_stop(&wake_);
  events_.on_done(status);
}

void Scanner::stop() {
  if (state_ != State::running) return;
  state_ = State::stopping;
  turn_soon();
}

void Scanner::close(std::function<void()> on_closed) {
  assert(!on_closed_);
  on_closed_ = std::move(on_closed);
  const State before = state_;
  assert(before != State::fresh);
  state_ = State::closing;
  if (before == State::done) cancelled_slots_ = SIZE_MAX;  // no done is owed, and nothing is pending
  turn_soon();
}

void Scanner::cancel_some() {
  if (cancelled_slots_ != SIZE_MAX) {
    const size_t end = std::min(slots_.size(), cancelled_slots_ + steps_per_turn);
    for (; cancelled_slots_ < end; ++cancelled_slots_) {
      const auto number = static_cast<uint32_t>(cancelled_slots_);
      if (slots_[number]->state != ConnectSlot::State::free) free_slot(number, Connector::Keep::nothing);
    }
    if (cancelled_slots_ < slots_.size()) {
      turn_soon();
      return;
    }
    cancelled_slots_ = SIZE_MAX;
    if (banners_) banners_->end_all();
    const bool closing = state_ == State::closing;
    uv_timer_stop(&wake_);
    if (!closing) state_ = State::done;
    events_.on_done(UV_ECANCELED);
  }
  if (state_ == State::closing && open_handles_ > 0) close_handles();
}

void Scanner::close_handles() {
  const auto closed = [](uv_handle_t* handle) { static_cast<Scanner*>(handle->data)->on_handle_closed(); };
  const auto slot_closed = [](uv_handle_t* handle) { static_cast<ConnectSlot*>(handle->data)->scanner->on_handle_closed(); };
  open_handles_ += banners_ ? 2 : 1;  // the connector and the banner reader count as one each
  uv_idle_stop(&turns_);
  uv_close(as_handle(&turns_), closed);
  uv_close(as_handle(&wake_), closed);
  for (auto& slot : slots_) uv_close(as_handle(&slot->timer), slot_closed);
  connector_->close([this] { on_handle_closed(); });
  if (banners_) banners_->when_closed([this] { on_handle_closed(); });
}

void Scanner::on_handle_closed() {
  if (--open_handles_ > 0) return;
  const std::function<void()> on_closed = std::move(on_closed_);
  on_closed();  // may delete this scanner
}

void Scanner::set_referenced(bool referenced) {
  referenced_ = referenced;
  if (state_ == State::fresh) return;
  const auto set = [referenced](uv_handle_t* handle) { referenced ? uv_ref(handle) : uv_unref(handle); };
  set(as_handle(&turns_));
  set(as_handle(&wake_));
  for (auto& slot : slots_) set(as_handle(&slot->timer));
  connector_->set_referenced(referenced);
  if (banners_) banners_->set_referenced(referenced);
}

}  // namespace portloop
