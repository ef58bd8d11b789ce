// One scan on N threads ("lanes"): each has its own loop and scanner, all draw from one cursor, and results are
// delivered on the caller's loop.
//
// Happy path: start() creates the lanes. Each collects its results and hands them over in batches, through one queue
// and one uv_async_t. The caller's loop delivers some in each turn. When all lanes have ended and the queue is empty,
// on_done() is called.
//
// What goes wrong:
//   - a lane can't be created (out of threads or descriptors): start() fails and leaves no thread behind
//   - the caller is slower than the lanes: the queue is bounded; a lane that has to wait for room draws no probes
//   - results that wait have connections: no more of them wait than there may be connects in flight
//   - stop(): all lanes stop; results that they already have are still delivered
//   - close() before the end: all lanes stop; nothing is delivered any more, except on_done()
//   - a lane runs out of memory: it ends, the others draw the rest of the probes, then on_done(UV_ENOMEM)
//   - the process forks: the child has none of the threads, and their locks may be held for ever. Nothing of theirs is
//     touched there; on_done() and the close callback come all the same
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <uv.h>

#include "engine/scanner.hpp"
#include "engine/stored_result.hpp"

namespace portloop {

/// Not thread-safe: use it on the thread of the caller's loop only, except counters().
class LoopPool {
 public:
  /// `loop`, `turn` (the loop's), `space`, `input`, `possible_targets` and `events` outlive the pool. `input` may be
  /// nullptr; see Scanner. The connectors choose source addresses that are no possible targets.
  /// `options` are those of the whole scan: the maximum in flight and the rate are divided among the lanes.
  LoopPool(uv_loop_t* loop, LoopTurn& turn, const ScanSpace& space, ScanInput* input, const TargetSet& possible_targets,
           const ScannerOptions& options, ConnectorKind connector, uint32_t loops, ScanEvents& events,
           ConnectorWrapper wrap_connector = nullptr);
  /// Only after close() has called back, or if holds_loop() is false; never if is_forked() is true: its threads are
  /// not in this process.
  ~LoopPool();

  /// Returns 0 or a negative libuv code; then no thread is left and nothing is delivered, but close() must still be
  /// called if holds_loop() is true. Throws std::bad_alloc; then holds_loop() is false.
  int start();
  bool holds_loop() const { return holds_loop_; }
  void stop();
  /// As Scanner::set_paused(); in addition, results that the lanes have handed over are kept until the scan is resumed.
  void set_paused(bool paused);
  /// As Scanner::set_limits(); they are divided among the lanes. Precondition: max_in_flight >= lane_count().
  void set_limits(const ScanLimits& limits);
  /// As Scanner::input_changed().
  void input_changed();
  /// Only if holds_loop() is true.
  void close(std::function<void()> on_closed);
  void set_referenced(bool referenced);
  /// This process is a child of the one that started the scan: see LoopTurn.
  void on_fork() noexcept;
  bool is_forked() const { return forked_; }

  size_t lane_count() const { return lanes_.size(); }
  const ScanCounters& counters(size_t lane) const;

 private:
  class Lane;

  ScanLimits share_of(const ScanLimits& limits, size_t lane) const;
  void wake_lanes();
  void hand_over(std::vector<StoredResult>& batch);
  void note_failure(int status);
  void lane_ended();
  void deliver_some();
  void deliver(const StoredResult& stored);
  void drop_some();
  void finish();
  void close_handles();
  void apply_reference(bool referenced);

  uv_loop_t* loop_;
  LoopTurn& turn_;
  const ScanSpace& space_;
  ScanInput* input_;
  const TargetSet& possible_targets_;
  ScannerOptions options_;
  ConnectorKind connector_kind_;
  ConnectorWrapper wrap_connector_;  // may be empty
  ScanEvents& events_;
  ProbeCursor cursor_;
  std::vector<std::unique_ptr<Lane>> lanes_;

  std::mutex mutex_;  // guards the next six members
  std::condition_variable room_;
  std::vector<StoredResult> queue_;
  size_t kept_connections_ = 0;  // of results that are not delivered yet
  size_t lanes_ended_ = 0;
  int failure_ = 0;          // of the first lane that failed, or 0
  bool discarding_ = false;  // closed: results are dropped

  std::vector<StoredResult> delivering_;  // taken from queue_
  size_t delivered_ = 0;                  // how many of them
  bool started_ = false;
  bool paused_ = false;
  std::atomic<bool> lanes_stop_{false};  // what the lanes do when they are woken; also their limits
  std::atomic<bool> lanes_pause_{false};
  bool stopped_ = false;
  bool done_ = false;
  bool forked_ = false;
  bool referenced_ = true;
  OwnedHandle<uv_async_t, LoopPool> results_ready_;
  LoopTurn::Work work_{[](void* self) { static_cast<LoopPool*>(self)->deliver_some(); }, this};
  bool holds_loop_ = false;
  std::function<void()> on_closed_;
};

}  // namespace portloop
