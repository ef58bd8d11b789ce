// Gathers the results of one turn of the loop, for callers to whom each call is dear.
//
// Happy path: add() stores a result; in the next turn of the loop all that were stored are reported in one array.
//
// What goes wrong:
//   - the scan ends: what was stored is reported first; if it was closed, it is dropped
//   - no memory to store a result: what was stored is reported at once, and then this one alone
//   - the callback closes the scan: the array that it has is valid until it returns
//   - the process forks: in the child nothing is reported, and the connections are the parent's
#pragma once

#include <vector>

#include "engine/loop_turn.hpp"
#include "engine/stored_result.hpp"
#include "portloop/portloop.h"

namespace portloop {

/// Not thread-safe.
class ResultBatch {
 public:
  explicit ResultBatch(portloop_scan* scan) : scan_(scan) {}

  void set_callback(portloop_batch_cb callback) { callback_ = callback; }
  bool is_wanted() const { return callback_ != nullptr; }
  /// From the start of the scan on. `turn` is the loop's.
  void attach(LoopTurn& turn) { turn_ = &turn; }

  /// `shown` is `result` as the caller sees it.
  void add(const ProbeResult& result, const portloop_result& shown) noexcept;
  void report() noexcept;
  void drop() noexcept;

 private:
  struct Entry {
    StoredResult stored;
    portloop_result shown;
  };

  void store(const ProbeResult& result, const portloop_result& shown);

  portloop_scan* scan_;
  portloop_batch_cb callback_ = nullptr;
  LoopTurn* turn_ = nullptr;
  std::vector<Entry> entries_;
  std::vector<const portloop_result*> pointers_;  // room for one to each entry
  LoopTurn::Work work_{[](void* self) { static_cast<ResultBatch*>(self)->report(); }, this};
};

}  // namespace portloop
