// Chance as a pure function of what it is about: the same question has the same answer in every run.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "core/address.hpp"

namespace portloop::lab {

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014): every input bit changes half the output bits.
constexpr uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

constexpr uint64_t mix(std::initializer_list<uint64_t> values) {
  uint64_t state = 0;
  for (const uint64_t value : values) state = mix(state ^ value);
  return state;
}

constexpr uint64_t mix(uint64_t seed, const Address& address) {
  return mix({seed, static_cast<uint64_t>(address.family), static_cast<uint64_t>(address.value >> 64),
              static_cast<uint64_t>(address.value)});
}

/// 0 <= share < 1, from the 53 bits that a double holds.
constexpr double as_share(uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

}  // namespace portloop::lab
