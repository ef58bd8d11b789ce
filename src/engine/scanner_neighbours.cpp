// What a scanner does with neighbours: hosts on the machine's own links, which the system has to find first.
//
// Happy path: the plan hears of each neighbour that the system finds, or looks for in vain. The connect that waits for
// it may then be over: its deadline is looked at.
//
// What goes wrong:
//   - the neighbour tables can't be followed: a wait ends with the kernel's report or its timeout
//   - an event is lost: the deadline of a connect that waits is looked at every min_timeout_us
#include "engine/scanner.hpp"

namespace portloop {

void Scanner::watch_neighbours() noexcept try {
  auto watch = std::make_unique<NeighbourWatch>(cursor_.neighbours);
  const int error = watch->open(loop_, [this](std::span<const NeighbourEvent> events) {
    guarded([&] { note_neighbours(events); });
    if (state_ == State::running && !pumping_) schedule_turn();
  });
  if (error == 0) {
    neighbours_ = std::move(watch);
  } else {
    plan_.neighbours_are_not_followed();
  }
} catch (const std::bad_alloc&) {
  plan_.neighbours_are_not_followed();
}

void Scanner::note_neighbours(std::span<const NeighbourEvent> events) {
  const uint64_t now_us = uv_hrtime() / 1000;
  const uint32_t interface = options_.sockets.interface_number;
  for (const NeighbourEvent& event : events) {
    if (interface != 0 && event.interface != interface) continue;
    plan_.neighbour_event(event, now_us);
    look_at_deadline(event.address);
  }
}

/// If a connect waits for this neighbour, its deadline may have changed.
void Scanner::look_at_deadline(const Address& neighbour) {
  const auto waiting = waiting_slots_.find(neighbour);
  if (waiting == waiting_slots_.end()) return;
  ConnectSlot& slot = slots_[waiting->second];
  if (slot.state != ConnectSlot::State::connecting) return;
  uv_timer_stop(slot.timer.get());
  on_deadline(slot.timer.get());
}

void Scanner::handle_no_neighbour(uint32_t number, const Verdict& verdict) {
  const Ask ask = slots_[number].ask;
  ProbeResult result = result_of(slots_[number], verdict, 0);
  result.rtt_us = 0;  // how long the kernel looked for the neighbour is nobody's round-trip time
  release_slot(number, Connector::Keep::nothing);
  const bool is_final = plan_.no_neighbour(ask, uv_hrtime() / 1000);
  if (is_final && ask.is_probe()) deliver(result);
}

}  // namespace portloop
