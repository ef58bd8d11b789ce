// How much a scanner does: its limits, which may change while it runs, its share of a group's, and its pauses.
//
// Happy path: the limits are the plan's. In a group, pump() takes a permit before each step of the plan, the slot keeps
// it while its connect is in flight, and what was taken for nothing is put down at the end of the turn.
//
// What goes wrong:
//   - a banner is read: its connection is in flight until that has ended, and has a quarter of the maximum
//   - there is no permit: the plan is held, and the scanner is woken when there may be one
//   - the process forks: the permits are the parent's
#include <algorithm>
#include <new>

#include "engine/banner_reader.hpp"
#include "engine/in_flight_shares.hpp"
#include "engine/scanner.hpp"

namespace portloop {

void Scanner::publish_progress(uint64_t now_us) {
  constexpr auto relaxed = std::memory_order_relaxed;
  progress_published_us_ = now_us;
  const ProbePlan::Progress progress = plan_.progress();
  counters_.drawn.store(progress.drawn, relaxed);
  counters_.pass.store(progress.pass, relaxed);
  counters_.expected_passes.store(progress.expected_passes, relaxed);
  counters_.pass_size.store(progress.pass_size, relaxed);
  counters_.pass_sent.store(progress.pass_sent, relaxed);
  if (banners_) counters_.banners.store(banners_->active(), relaxed);
  const auto rate = static_cast<uint32_t>(plan_.control().learned_rate_per_s());
  const uint32_t lowest = counters_.learned_rate.load(relaxed);
  if (rate > 0 && (lowest == 0 || rate < lowest)) counters_.learned_rate.store(rate, relaxed);
  if (plan_.control().queue_is_ours()) counters_.had_own_queue.store(true, relaxed);
  counters_.room_wait_ms.store(plan_.room_wait_us() / 1000, relaxed);
}

void Scanner::set_paused(bool paused) {
  if (state_ != State::running) return;
  if (paused_ && !paused) plan_.interrupted();
  paused_ = paused;
  schedule_turn();
}

void Scanner::set_limits(const ScanLimits& limits) {
  if (state_ != State::running) return;
  options_.plan.max_in_flight = share_of_connects(options_.banners.wanted, limits.max_in_flight);
  options_.plan.rate_per_s = limits.rate_per_s;
  plan_.set_limits(options_.plan.max_in_flight, limits.rate_per_s);
  if (banners_) banners_->set_max_at_once(share_of_banners(limits.max_in_flight));
  schedule_turn();
}

int Scanner::join_budget() noexcept {
  if (!options_.budget) return 0;
  try {
    auto share = std::make_unique<BudgetShare>(options_.budget, [this] {
      if (state_ == State::running) schedule_turn();
    });
    const int error = share->open(loop_);
    if (error == 0) share_ = std::move(share);
    return error;
  } catch (const std::bad_alloc&) {
    return UV_ENOMEM;
  }
}

void Scanner::give_back_permit() {
  if (share_ && !turn_.is_forked()) share_->give_back(uv_hrtime() / 1000);
}

void Scanner::put_down_permit(bool is_held_back) {
  if (share_ && !turn_.is_forked()) share_->end_turn(is_held_back, uv_hrtime() / 1000);
}

}  // namespace portloop
