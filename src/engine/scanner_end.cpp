// How a scan ends, and how everything is freed.
//
// Happy path: the plan is finished, on_done(0), close(); some handles are closed in each turn of the loop, then
// on_closed().
// Stopped or closed before: stop() and close() only schedule a turn of the loop. From there pending connects are
// released and banner readings ended, some in each turn; then on_done(UV_ECANCELED), and after close() the same as
// above.
// In a child process: on_fork() first, then the same.
#include <algorithm>
#include <cassert>

#include "engine/banner_reader.hpp"
#include "engine/connect_slot.hpp"
#include "engine/scanner.hpp"

namespace portloop {
namespace {

// Each costs the close() of a socket, about 5 us.
constexpr size_t cancels_per_turn = 64;
// Each costs the uv_close() of a timer and its callback, about 0.1 us.
constexpr size_t timers_closed_per_turn = 1024;

}  // namespace

void Scanner::report_done(int status) {
  put_down_permit(false);
  if (share_) share_->leave();
  done_reported_ = true;
  publish_progress(progress_published_us_);
  counters_.pass.store(0, std::memory_order_relaxed);
  reader_ = {};
  uv_timer_stop(wake_.get());
  if (state_ != State::closing) {
    state_ = State::done;
    apply_reference(false);  // a scan that is done does not keep the loop alive
  }
  events_.on_done(status);
}

void Scanner::stop() {
  if (state_ != State::running) return;
  put_down_permit(false);
  state_ = State::stopping;
  schedule_turn();
}

void Scanner::close(std::function<void()> on_closed) {
  assert(state_ != State::fresh && state_ != State::closing);
  apply_reference(true);  // or uv_run() could return before everything is closed
  open_handles_ += slots_.size();
  on_closed_ = std::move(on_closed);
  put_down_permit(false);
  state_ = State::closing;
  schedule_turn();
}

/// The sockets are the parent's as well: here they are only closed. The rest ends as after stop().
void Scanner::on_fork() noexcept {
  connector_->abandon();
  if (banners_) banners_->end_some(SIZE_MAX);
  if (suspects_) suspects_->abandon();
  if (neighbours_) neighbours_->abandon();
  if (share_) share_->abandon();
  if (state_ == State::running) {
    failure_ = UV_ENOTSUP;
    stop();
  }
}

void Scanner::cancel_some() {
  if (!done_reported_) {
    const size_t begin = cancelled_slots_;
    const size_t end = std::min(slots_.size(), begin + cancels_per_turn);
    for (; cancelled_slots_ < end; ++cancelled_slots_) {
      if (cancelled_slots_ > begin && turn_.is_over(uv_hrtime() / 1000)) break;
      const auto number = static_cast<uint32_t>(cancelled_slots_);
      if (slots_[number].state != ConnectSlot::State::free) release_slot(number, Connector::Keep::nothing);
    }
    if (cancelled_slots_ < slots_.size() || (banners_ && !banners_->end_some(cancels_per_turn))) {
      schedule_turn();
      return;
    }
    if (suspects_ && !report_held()) {
      schedule_turn();
      return;
    }
    report_done(failure_ != 0 ? failure_ : UV_ECANCELED);
  }
  if (state_ == State::closing) close_some();
}

void Scanner::close_some() {
  const auto slot_closed = [](uv_handle_t* handle) {
    decltype(ConnectSlot::timer)::owner_of(handle).scanner->on_handle_closed();
  };
  const size_t end = std::min(slots_.size(), closed_slots_ + timers_closed_per_turn);
  for (; closed_slots_ < end; ++closed_slots_) uv_close(slots_[closed_slots_].timer.any(), slot_closed);
  if (closed_slots_ < slots_.size()) {
    schedule_turn();
    return;
  }
  LoopTurn::cancel(work_);  // on_done() may have called close(), and so have queued it
  // The connector, the banner reader, the neighbour watch and the share of a budget count as one each.
  open_handles_ += 1U + (banners_ != nullptr) + (neighbours_ != nullptr) + (share_ != nullptr);
  uv_close(wake_.any(), [](uv_handle_t* handle) { decltype(wake_)::owner_of(handle).on_handle_closed(); });
  connector_->close([this] { on_handle_closed(); });
  if (banners_) banners_->when_closed([this] { on_handle_closed(); });
  if (neighbours_) neighbours_->close([this] { on_handle_closed(); });
  if (share_) share_->close([this] { on_handle_closed(); });
}

void Scanner::on_handle_closed() {
  if (--open_handles_ > 0) return;
  turn_.unref();
  const std::function<void()> on_closed = std::move(on_closed_);
  on_closed();  // may delete this scanner
}

void Scanner::set_referenced(bool referenced) {
  if (state_ == State::running || state_ == State::stopping) apply_reference(referenced);
  if (state_ == State::fresh) referenced_ = referenced;
}

void Scanner::apply_reference(bool referenced) {
  if (referenced == referenced_) return;
  referenced_ = referenced;
  referenced ? turn_.ref() : turn_.unref();
  referenced ? uv_ref(wake_.any()) : uv_unref(wake_.any());
  slots_.set_referenced(referenced);
  connector_->set_referenced(referenced);
  if (banners_) banners_->set_referenced(referenced);
}

}  // namespace portloop
