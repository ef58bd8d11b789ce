// What all scans on one loop share: the work that they may do in one turn of it, and whose work is next.
//
// Happy path: each scan joins when it starts; the first one creates the shared object, which is found among the loop's
// handles. Work is queued for the next turn (queue_turn(): connects, timeouts, closing) or for the time after the poll
// (queue_outcomes(): what the connects ended with). Each of the two queues is served once in a turn of the loop, in the
// order queued, until the phase's limit is reached; what is left is served first in the next turn. When the last scan
// has left, the handles are closed.
//
// What goes wrong:
//   - one scan has more work than fits into a turn: it does a part, and queues again behind the others
//   - the process forks: in the child, on_fork() of every scan that has joined is called before the scan does any work
//     and before the loop polls; if a scan's callback forked, the work that called it ends. The sockets are the
//     parent's; whatever is done to them in the child happens to the parent's connects
//   - a scan starts while the handles are being closed, or in the child on a loop that still has scans of the parent:
//     it gets a new shared object
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <uv.h>

#include "engine/fork_mark.hpp"
#include "engine/owned_handle.hpp"

namespace portloop {

/// Not thread-safe: use it on the loop's thread only.
class LoopTurn {
 public:
  /// What is queued. It must not be destroyed while it is.
  class Work {
   public:
    Work(void (*run)(void* owner), void* owner) : run_(run), owner_(owner) {}
    ~Work();
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

    bool is_queued() const { return queued_; }

   private:
    friend class LoopTurn;
    void (*run_)(void*);
    void* owner_;
    Work* next_ = nullptr;
    Work* previous_ = nullptr;
    bool queued_ = false;
  };

  /// A scan.
  class Member {
   public:
    /// This process is a child of the one that started the scan. Must not call leave().
    virtual void on_fork() noexcept = 0;

   protected:
    ~Member() = default;
  };

  /// How long the work of all scans may take in each of the two phases; the one that is running when the time is over
  /// goes on for at most its own share.
  static constexpr uint64_t max_phase_us = 500;
  /// How many connects and reports all scans may make in each phase.
  static constexpr uint32_t max_phase_steps = 128;

  /// Returns the loop's shared object. Throws std::bad_alloc.
  static LoopTurn& join(uv_loop_t* loop, Member& member);
  /// Calls `on_left` when the loop has no handle left for the member's sake: at once if there are other members,
  /// otherwise from the loop. The member must have no work queued.
  void leave(Member& member, std::function<void()> on_left);

  /// No effect if it is queued.
  void queue_turn(Work& work);
  /// The same, for the time after the loop has polled.
  void queue_outcomes(Work& work);
  /// No effect if it is not queued.
  static void cancel(Work& work);

  /// A connect or a report was made.
  void count_step() { ++steps_; }
  /// Whether the work of this phase has to end. Only while work runs.
  bool is_over(uint64_t now_us) const {
    return steps_ >= max_phase_steps || now_us > began_us_ + max_phase_us || is_forked();
  }

  /// Whether this process is a child of the one that created this object.
  bool is_forked() const { return mark_.is_in_child(); }

  /// Queued work keeps the loop alive while there are more calls of ref() than of unref().
  void ref();
  void unref();

 private:
  /// A list of works, as a circle with an entry that is none.
  struct Queue {
    Queue() { head.next_ = head.previous_ = &head; }
    bool empty() const { return head.next_ == &head; }
    Work head{nullptr, nullptr};
  };

  template <class Handle>
  using Owned = OwnedHandle<Handle, LoopTurn>;

  explicit LoopTurn(uv_loop_t* loop);
  static LoopTurn* find(uv_loop_t* loop);
  static void on_idle(uv_idle_t* idle);
  static void on_prepare(uv_prepare_t* prepare);
  static void on_check(uv_check_t* check);
  static void on_handle_closed(LoopTurn& self);
  void add(Queue& queue, Work& work);
  void serve(Queue& queue);
  static void move_to_front(Queue& to, Queue& from);
  void look_for_fork();
  void sleep_if_idle();

  Owned<uv_idle_t> idle_;        // active while work is queued, so that the loop does not block
  Owned<uv_prepare_t> prepare_;  // always active: find() recognises it
  Owned<uv_check_t> check_;      // active while outcomes are queued
  int open_handles_ = 3;
  ForkMark mark_;
  bool fork_seen_ = false;
  Queue turns_;
  Queue outcomes_;
  std::vector<Member*> members_;
  size_t references_ = 0;
  uint64_t began_us_ = 0;  // of this phase
  uint32_t steps_ = 0;     // of this phase
  std::function<void()> on_left_;
};

}  // namespace portloop
