// One place for a connect: its timer, its probe, and where it stands.
#pragma once

#include <uv.h>

#include "plan/plan.hpp"

namespace portloop {

class Scanner;

struct ConnectSlot {
  enum class State : uint8_t {
    free,        ///< No probe.
    connecting,  ///< Asked; the answer or the deadline is awaited.
    late,        ///< The deadline has passed; before that counts, the socket is asked once more.
  };

  uv_timer_t timer{};
  Scanner* scanner = nullptr;
  uint32_t number = 0;
  uint32_t kind = 0;  ///< The connector's, of its last probe.
  State state = State::free;
  /// When its timer fires, in the loop's time; 0 where it doesn't run. It goes on running when an answer comes, and
  /// serves the slot's next probe: to stop and start it for each would cost a tenth of a probe.
  uint64_t timer_due_ms = 0;
  uint64_t started_ns = 0;
  Ask ask;
};

}  // namespace portloop
