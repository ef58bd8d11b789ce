// What a scanner has of a budget that it shares with others: see shared_budget.hpp.
//
// Happy path: take() before each step of the plan, used() if that is a connect, and give_back() when the connect has
// ended. After the steps of a turn, end_turn() puts back what was taken and not used.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <uv.h>

#include "engine/owned_handle.hpp"
#include "engine/shared_budget.hpp"

namespace portloop {

/// Not thread-safe: use it on the scanner's loop only.
class BudgetShare final : private SharedBudget::Member {
 public:
  /// `on_wake` is called from the loop when there may be a permit.
  BudgetShare(std::shared_ptr<SharedBudget> budget, std::function<void()> on_wake)
      : budget_(std::move(budget)), on_wake_(std::move(on_wake)) {}
  /// Only after close() has called back, or if open() failed or was not called.
  ~BudgetShare() = default;

  /// Returns 0 or a negative libuv code; then nothing is left behind. Throws std::bad_alloc, likewise. Its handle never
  /// keeps the loop alive.
  int open(uv_loop_t* loop) {
    budget_->join(*this);
    const int error =
        uv_async_init(loop, wake_.get(), [](uv_async_t* async) { decltype(wake_)::owner_of(async).on_wake_(); });
    if (error != 0) budget_->leave(*this);
    if (error != 0) return error;
    wake_.owner = this;
    uv_unref(wake_.any());
    return 0;
  }

  /// Returns whether a connect may be made.
  bool take(uint64_t now_us) {
    if (has_permit_) return true;
    if (!budget_) return false;
    retry_us_ = budget_->take(*this, now_us);
    has_permit_ = retry_us_ == 0;
    return has_permit_;
  }
  /// If take() has returned false: when to try again; UINT64_MAX: not before on_wake().
  uint64_t retry_us() const { return retry_us_; }
  void used() { has_permit_ = false; }
  void give_back(uint64_t now_us) {
    if (budget_) budget_->give_back(*this, now_us);
  }
  /// `is_held_back`: the last take() returned false, and a connect would have been made.
  void end_turn(bool is_held_back, uint64_t now_us) {
    if (!budget_) return;
    if (std::exchange(has_permit_, false)) budget_->give_back_unused(*this, now_us);
    is_held_back ? budget_->wait(*this, retry_us_, now_us) : budget_->stop_waiting(*this, now_us);
  }
  /// The scan is done, and everything was given back.
  void leave() {
    if (budget_) std::exchange(budget_, nullptr)->leave(*this);
  }
  /// In a child process: the budget's members are the parent's, and its lock may be held for ever. It is not touched.
  void abandon() noexcept {
    has_permit_ = false;
    budget_ = nullptr;
  }
  void close(std::function<void()> on_closed) {
    on_closed_ = std::move(on_closed);
    uv_close(wake_.any(), [](uv_handle_t* handle) {
      const std::function<void()> closed = std::move(decltype(wake_)::owner_of(handle).on_closed_);
      closed();  // may delete this
    });
  }

 private:
  void wake() noexcept override { uv_async_send(wake_.get()); }

  std::shared_ptr<SharedBudget> budget_;  // nullptr once it has left
  std::function<void()> on_wake_;
  OwnedHandle<uv_async_t, BudgetShare> wake_;
  bool has_permit_ = false;
  uint64_t retry_us_ = 0;
  std::function<void()> on_closed_;
};

}  // namespace portloop
