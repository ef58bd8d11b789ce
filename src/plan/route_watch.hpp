// The system has lost its route: a link or an address of this machine went away, perhaps for a moment. That is no
// port's state.
//
// Happy path: nothing happens.
//
// What goes wrong:
//   - a connect fails for lack of a route that was there before: failed(). The plan pauses, and makes it again
//   - probes that were in flight at that time may never have left: may_be_lost(). If they end in silence, they are made
//     again, and nothing is concluded
//   - the route does not come back: after a number of pauses no more are made, and whoever lacks a route is unknown.
//     That number is renewed only when a probe that failed so has ended otherwise: a network whose route is gone for
//     good costs a scan of others as well one such time, and no more
//   - the route comes and goes for ever: after a number of outages, probes in flight are believed again
#pragma once

#include <cstdint>

#include "plan/ask.hpp"

namespace portloop {

/// Not thread-safe: one for each loop.
class RouteWatch {
 public:
  static constexpr uint64_t route_pause_us = 100'000;
  /// 30 s in all: a laptop that changes its network is covered.
  static constexpr uint32_t max_route_pauses = 300;
  static constexpr uint32_t max_outages = 20;

  /// An ask failed for lack of a route. Returns whether it should be made again after a pause, and marks it.
  bool failed(Ask& ask) {
    if (pauses_left_ == 0) return false;
    outages_ += !is_out_;
    is_out_ = true;
    --pauses_left_;
    last_failed_serial_ = ask.serial;
    ask.lacked_route = true;
    return true;
  }
  /// An ask ended in any other way.
  void ended(const Ask& ask) {
    if (!ask.lacked_route) return;
    is_out_ = false;
    pauses_left_ = max_route_pauses;
  }
  /// Whether an ask that has been silent may never have left this machine.
  bool may_be_lost(const Ask& ask) const { return ask.serial < last_failed_serial_ && outages_ <= max_outages; }

 private:
  uint32_t pauses_left_ = max_route_pauses;
  uint32_t outages_ = 0;
  bool is_out_ = false;
  uint64_t last_failed_serial_ = 0;
};

}  // namespace portloop
