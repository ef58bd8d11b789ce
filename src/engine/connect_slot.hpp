// A slot: one connect in flight, with its timer and its probe.
#pragma once

#include <uv.h>

#include "engine/owned_handle.hpp"
#include "plan/plan.hpp"

namespace portloop {

class Scanner;

struct ConnectSlot {
  enum class State : uint8_t {
    free,        ///< Has no probe.
    connecting,  ///< The connect is in flight: its outcome or its deadline comes next.
    late,        ///< The deadline has passed; the connector is polled once more before that counts.
  };

  OwnedHandle<uv_timer_t, ConnectSlot> timer;
  Scanner* scanner = nullptr;
  uint32_t number = 0;
  uint32_t kind = 0;  ///< Of its last probe: see Connector::kind_of().
  State state = State::free;
  /// When the timer fires, in the loop's time; 0 if it is not running. It keeps running when the connect has ended, and
  /// serves the slot's next probe: stopping and starting it for each would add a tenth to the cost of a probe.
  uint64_t timer_due_ms = 0;
  uint64_t started_ns = 0;
  Ask ask;
};

}  // namespace portloop
