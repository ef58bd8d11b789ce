// How many ports have each state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "core/probe_result.hpp"

namespace portloop {

struct StateCounts {
  std::array<uint64_t, 4> by_state{};

  uint64_t& operator[](PortState state) { return by_state[static_cast<size_t>(state)]; }
  uint64_t operator[](PortState state) const { return by_state[static_cast<size_t>(state)]; }
  friend bool operator==(const StateCounts&, const StateCounts&) = default;
};

static_assert(static_cast<size_t>(PortState::unknown) + 1 == std::tuple_size_v<decltype(StateCounts::by_state)>);

}  // namespace portloop
