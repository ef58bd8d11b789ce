// One place for a connect: its timer, its probe, and where it stands.
#pragma once

#include <uv.h>

#include "core/probe_plan.hpp"

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
  bool timed = false;  ///< The timer runs; a probe that is answered at once never starts it.
  uint64_t started_ns = 0;
  Ask ask;
};

}  // namespace portloop
