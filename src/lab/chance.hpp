// Random draws as pure functions of what is drawn: the same question gives the same draw in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "core/address.hpp"
#include "core/permutation.hpp"

namespace portloop::lab {

constexpr uint64_t mix(std::initializer_list<uint64_t> values) {
  uint64_t state = 0;
  for (const uint64_t value : values) state = mix64(state ^ value);
  return state;
}

constexpr uint64_t mix(uint64_t seed, const Address& address) {
  return mix({seed, static_cast<uint64_t>(address.family), static_cast<uint64_t>(address.value >> 64),
              static_cast<uint64_t>(address.value)});
}

struct AddressHash {
  size_t operator()(const Address& address) const { return static_cast<size_t>(mix(0, address)); }
};

/// Maps a hash to 0 <= share < 1, with the 53 bits that a double holds.
constexpr double as_share(uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

}  // namespace portloop::lab
