// Follows the system's neighbour tables while a scan asks hosts on its own links: which neighbours are found, and how
// many more the tables can hold.
//
// Happy path: open(); on_events() for neighbours that the system finds, or looks for in vain; once a second the room is
// read again, because other programs use the tables, too; close().
//
// What goes wrong:
//   - events are lost, because they come faster than the loop turns: the state of all neighbours is reported
//   - the room can't be read: the last one holds
//   - no memory for the events: some are lost, and the probes that wait for them end by their timeout
#pragma once

#include <functional>
#include <memory>
#include <span>

#include <uv.h>

#include "engine/owned_handle.hpp"
#include "plan/scan_space.hpp"
#include "sockets/neighbours.hpp"

namespace portloop {

/// Not thread-safe: one for each loop.
class NeighbourWatch {
 public:
  /// Must not throw.
  using OnEvents = std::function<void(std::span<const NeighbourEvent>)>;

  /// `room` outlives it.
  explicit NeighbourWatch(NeighbourRoom& room);
  ~NeighbourWatch();  ///< Only after close() has called back, or if open() failed.

  /// Returns 0 or a negative libuv code; then nothing is left behind. Its handles never keep the loop alive.
  int open(uv_loop_t* loop, OnEvents on_events);
  void close(std::function<void()> on_closed);
  /// Reports what has happened until now. Called before new hosts are asked: to make room for them, the kernel discards
  /// the entries of absent ones, and with them what lost events would have reported.
  void poll();
  /// In a child process: reads no more, because the events are the parent's.
  void abandon() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What the system reports about its own links, as far as `targets` are on them or behind them; if `interface` is not
/// 0, for sockets that are bound to it. Empty if no target is, or if the system reports nothing.
OwnLinks find_own_links(const TargetSet& targets, uint32_t interface = 0);

}  // namespace portloop
