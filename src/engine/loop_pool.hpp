// The same scan on N loop threads: each has a loop and a scanner of its own, all draw from one cursor, and
// the results come back to the caller's loop.
//
// Happy path: start() makes the loops and their threads; a lane's results are collected and handed over in
// batches through one queue and one uv_async_t; the caller's loop delivers them, some in each turn; when every
// lane has ended and the queue is empty, on_done().
//
// What goes wrong:
//   - a lane can't be made (no thread, no descriptor): start() fails and leaves nothing behind
//   - the caller is slower than the lanes: the queue is bounded, a lane waits before it hands over more, and
//     a lane that waits pulls no probes
//   - stop(): every lane is told to stop; what they had found is still delivered
//   - close() before the end: the lanes are stopped, nothing more is delivered but on_done()
//   - a lane runs out of memory: it ends, the others take over what it had not drawn, on_done(UV_ENOMEM)
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <uv.h>

#include "engine/scanner.hpp"

namespace portloop {

/// Everything from the caller's loop's thread, but counters().
class LoopPool {
 public:
  /// `loop`, `space` and `events` outlive the pool. `options` are those of the whole scan: the window and
  /// the rate are divided among the lanes.
  LoopPool(uv_loop_t* loop, const ScanSpace& space, const ScannerOptions& options, ConnectorKind connector,
           uint32_t loops, ScanEvents& events);
  ~LoopPool();  ///< Only after close() has called back, or where start() was never called.

  /// On error (a negative libuv code) no thread is left and nothing is delivered; close() is still owed where
  /// holds_loop() says so.
  int start();
  bool holds_loop() const { return open_handles_ > 0; }
  void stop();
  /// Only where holds_loop().
  void close(std::function<void()> on_closed);
  void set_referenced(bool referenced);

  size_t lane_count() const { return lanes_.size(); }
  const ScanCounters& counters(size_t lane) const;

 private:
  class Lane;
  struct Stored {
    ProbeResult result;
    std::string banner;
  };

  void hand_over(std::vector<Stored>& batch);
  void note_failure(int status);
  void lane_ended();
  static void on_results(uv_async_t* async);
  static void on_turn(uv_idle_t* idle);
  void deliver_some();
  void finish();
  void close_handles();
  void apply_reference(bool referenced);

  uv_loop_t* loop_;
  const ScanSpace& space_;
  ScannerOptions options_;
  ConnectorKind connector_kind_;
  ScanEvents& events_;
  ProbeCursor cursor_;
  std::vector<std::unique_ptr<Lane>> lanes_;

  std::mutex mutex_;  // guards the next five
  std::condition_variable room_;
  std::vector<Stored> queue_;
  size_t lanes_ended_ = 0;
  int failure_ = 0;          // of the first lane that failed
  bool discarding_ = false;  // closed: nobody wants results any more

  std::vector<Stored> delivering_;  // taken from the queue
  size_t delivered_ = 0;            // of them
  bool started_ = false;
  bool stopped_ = false;
  bool done_ = false;
  uv_async_t results_ready_{};
  uv_idle_t turns_{};
  int open_handles_ = 0;
  std::function<void()> on_closed_;
};

}  // namespace portloop
