// Reads what open ports say first: bounded in bytes, in time, and in how many at once.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <uv.h>

#include "engine/connector.hpp"
#include "engine/scanner.hpp"

namespace portloop {

/// Not thread-safe: everything from the loop's thread.
class BannerReader {
 public:
  /// `on_read` is given the result with its banner, or without one where nothing came.
  BannerReader(uv_loop_t* loop, const BannerOptions& options, uint32_t max_at_once,
               std::function<void(const ProbeResult&)> on_read);
  ~BannerReader();

  bool full() const { return active_ >= max_at_once_; }
  bool idle() const { return active_ == 0; }

  /// Takes the slot's connection over. Where that fails the slot is as after release(), and the result has
  /// been told without a banner.
  void read(Connector& connector, uint32_t slot, const ProbeResult& result);

  /// Ends up to `most` readings; their results are told with what came so far. True when none is left.
  bool end_some(size_t most);
  void set_referenced(bool referenced);
  /// After end_some() has said so: called from the loop when no handle is left.
  void when_closed(std::function<void()> on_closed);

 private:
  struct Reading;
  static void on_allocate(uv_handle_t* handle, size_t, uv_buf_t* buffer);
  static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t*);
  static void on_deadline(uv_timer_t* timer);
  static void on_handle_closed(uv_handle_t* handle);
  void ask_with_get(Reading& reading);
  void end(Reading& reading);

  uv_loop_t* loop_;
  BannerOptions options_;
  uint32_t max_at_once_;
  std::function<void(const ProbeResult&)> on_read_;
  std::vector<Reading*> readings_;  // active ones
  uint32_t active_ = 0;
  size_t open_handles_ = 0;
  bool referenced_ = true;
  std::function<void()> on_closed_;
};

}  // namespace portloop
