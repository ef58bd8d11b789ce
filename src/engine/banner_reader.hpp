// Reads the banners of open ports: at most so many at once, so many bytes of each, and for so long. Results are
// delivered as part of the scans' work in a turn of the loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <uv.h>

#include "engine/connector.hpp"
#include "engine/scanner.hpp"

namespace portloop {

/// Not thread-safe: use it on the loop's thread only.
class BannerReader {
 public:
  /// `on_read` receives each result with its banner, which is empty if nothing was read.
  /// `turn` is the loop's, and outlives it. `keep`: results have their connection.
  BannerReader(uv_loop_t* loop, LoopTurn& turn, const BannerOptions& options, bool keep, uint32_t max_at_once,
               std::function<void(const ProbeResult&)> on_read);
  ~BannerReader();

  /// Those that are being read already stay.
  void set_max_at_once(uint32_t max_at_once) { max_at_once_ = max_at_once; }
  bool full() const { return active_ >= max_at_once_; }
  bool idle() const { return active_ == 0; }
  uint32_t active() const { return active_; }

  /// Takes over the slot's connection, which frees the slot. If that fails, calls on_read without a banner at once.
  void read(Connector& connector, uint32_t slot, const ProbeResult& result);

  /// Ends up to `max` readings, and reports their results with what has arrived so far, as far as the turn allows.
  /// Returns whether none is left.
  bool end_some(size_t max);
  void set_referenced(bool referenced);
  /// Calls `on_closed` when all handles are closed: at once, or from the loop. Only after end_some() has returned true.
  void when_closed(std::function<void()> on_closed);

 private:
  struct Reading;
  static void on_allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer);
  static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t*);
  static void on_deadline(uv_timer_t* timer);
  static void handle_closed(Reading* reading);
  void send_get(Reading& reading);
  void end(Reading& reading);
  void deliver_some();
  void forget_if_closed(Reading* reading);
  void call_when_closed();

  uv_loop_t* loop_;
  LoopTurn& turn_;
  BannerOptions options_;
  bool keep_;
  uint32_t max_at_once_;
  std::function<void(const ProbeResult&)> on_read_;
  std::vector<Reading*> readings_;  // that are being read
  Reading* first_ended_ = nullptr;  // a list of those whose results wait to be delivered, oldest first
  Reading* last_ended_ = nullptr;
  uint32_t active_ = 0;  // of both kinds
  LoopTurn::Work delivery_{[](void* self) { static_cast<BannerReader*>(self)->deliver_some(); }, this};
  size_t open_handles_ = 0;
  bool referenced_ = true;
  std::function<void()> on_closed_;
};

}  // namespace portloop
