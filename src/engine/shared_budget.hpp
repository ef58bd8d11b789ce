// Limits that several scans share: connects in flight, and connects per second.
//
// Happy path: each scanner takes a permit before a connect, and gives it back when the connect has ended. While there
// are enough of them, that is all.
//
// What goes wrong:
//   - no permit is left, or the rate allows none now: the scanner waits, and is woken when one is given back, or comes
//     again at the time that take() returned
//   - one scan holds many permits and others wait: as long as one has less than its equal share, those that have more
//     get none. Permits that the rate allows go to whoever has had none for longest
//   - who has the better right does not come, because its loop is blocked: after 10 ms anybody may take the permit
//   - the process forks: the permits are the parent's. In the child nothing is taken, and a lock may be held for ever
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/fork_mark.hpp"

namespace portloop {

/// Thread-safe.
class SharedBudget {
 public:
  /// A scanner.
  class Member {
   public:
    /// There may be a permit now. Called on any thread, with a lock held: must not call the budget.
    virtual void wake() noexcept = 0;

   protected:
    ~Member() = default;

   private:
    friend class SharedBudget;
    uint32_t in_flight_ = 0;
    uint64_t last_take_ = 0;    // 0: never
    uint64_t take_before_ = 0;  // the one before that
    bool waits_ = false;
    bool has_timer_ = false;  // it will come by itself when the rate allows it, and again
    bool is_woken_ = false;   // and has not come yet
  };

  static constexpr uint32_t default_max_in_flight = 1000;

  /// Connects in flight stay. Not in a child process, where both have no effect.
  void set_max_in_flight(uint32_t max_in_flight);
  void set_max_rate(double max_rate_per_s);  ///< 0: no limit.

  /// Throws std::bad_alloc.
  void join(Member& member);
  /// It holds no permit and does not wait.
  void leave(Member& member);

  /// Takes a permit for one connect and returns 0, or the time when the member should try again; UINT64_MAX: not before
  /// it is woken. It only is if it waits.
  uint64_t take(Member& member, uint64_t now_us);
  /// The connect has ended.
  void give_back(Member& member, uint64_t now_us);
  /// There was nothing to connect to.
  void give_back_unused(Member& member, uint64_t now_us);
  /// take() has returned `retry_us`, and the member wants a permit.
  void wait(Member& member, uint64_t retry_us, uint64_t now_us);
  /// It wants none any more. No effect if it does not wait.
  void stop_waiting(Member& member, uint64_t now_us);

  /// Whether this process is a child of the one that created it.
  bool is_forked() const { return mark_.is_in_child(); }

 private:
  uint32_t fair_share() const;
  bool has_better_right(const Member& one, const Member& other) const;
  uint64_t interval_us() const;
  void return_permit(Member& member, uint64_t now_us);
  void wake_one(uint64_t now_us);
  void wake_all();

  ForkMark mark_;
  std::mutex mutex_;  // guards all that follows, and the members
  std::vector<Member*> members_;
  uint32_t max_in_flight_ = default_max_in_flight;
  double max_rate_per_s_ = 0;
  uint32_t in_flight_ = 0;
  uint64_t takes_ = 0;
  uint64_t last_send_us_ = 0;  // as the rate had it
  uint64_t next_send_us_ = 0;
  uint64_t free_since_us_ = 0;  // fewer than the maximum are in flight
};

}  // namespace portloop
