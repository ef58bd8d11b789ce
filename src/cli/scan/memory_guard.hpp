// What a command does if the memory is used up while its loop runs.
#pragma once

#include <cstdio>
#include <new>

#include "cli/terminal/progress.hpp"

namespace portloop {

/// Not thread-safe.
class MemoryGuard {
 public:
  /// `consequence`: of the message, such as "the scan is stopped". `progress` outlives this object.
  MemoryGuard(ProgressLine& progress, const char* consequence) : progress_(progress), consequence_(consequence) {}

  /// For callbacks from libuv, which no exception may reach: runs `body`. If the memory is used up, reports it and
  /// calls `stop`.
  template <class Body, class Stop>
  void run(Body body, Stop stop) noexcept {
    try {
      body();
    } catch (const std::bad_alloc&) {
      report();
      stop();
    }
  }
  /// Prints a line, the first time.
  void report() noexcept {
    if (exhausted_) return;
    exhausted_ = true;
    progress_.clear();
    std::fprintf(stderr, "portloop: out of memory; %s\n", consequence_);
  }
  /// True once it has been reported.
  bool exhausted() const { return exhausted_; }

 private:
  ProgressLine& progress_;
  const char* const consequence_;
  bool exhausted_ = false;
};

}  // namespace portloop
