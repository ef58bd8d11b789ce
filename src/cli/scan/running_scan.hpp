// One scan of the library on a loop, from its start to its end.
#pragma once

#include <cstdint>
#include <functional>

#include "portloop/portloop.hpp"

namespace portloop {

class RunningScan {
 public:
  /// Starts it. Throws CannotRun, and then calls no function. The destructor closes it; afterwards none is called.
  RunningScan(uv_loop_t* loop, const Options& options, Scan::OnResult on_result, Scan::OnDone on_done,
              Scan::OnHost on_host = {});

  /// If its input is open. `ports`: nullptr for those of the options. Throws Error.
  void add_range(const sockaddr& first, const sockaddr& last, const char* ports) {
    scan_.add_range(first, last, ports);
  }
  void finish_input() noexcept { scan_.finish_input(); }

  void stop() noexcept { scan_.stop(); }
  void pause() noexcept { scan_.pause(); }
  void resume() noexcept { scan_.resume(); }
  portloop_stats stats() const { return scan_.stats(); }
  double elapsed_s() const { return static_cast<double>(uv_hrtime() - started_ns_) * 1e-9; }
  /// Calls back when its sockets are closed. Nothing but the destructor may be called after this.
  void close(std::function<void()> on_closed) { scan_.close(std::move(on_closed)); }

 private:
  Scan scan_;
  uint64_t started_ns_;
};

}  // namespace portloop
