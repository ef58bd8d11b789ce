// Counts the SYNs for each endpoint in an open-addressing table of 8 bytes an entry. The count is part of what decides
// whether a SYN is lost: if it stopped at a maximum, a loss would be repeated for ever.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/probe_result.hpp"

namespace portloop::lab {

class Sightings {
 public:
  Sightings();

  /// Counts one more SYN. Returns how many there were before.
  uint32_t add(const Endpoint& endpoint);

 private:
  void grow();

  // The upper 56 bits are a hash that identifies the endpoint; the probability that any two of a million endpoints
  // collide is 1 in 140,000. The lower 8 bits are the count; if they are all ones, many_ has it. 0 is an empty slot.
  std::vector<uint64_t> slots_;
  std::unordered_map<uint64_t, uint32_t> many_;  // by the upper 56 bits: counts from 255 on
  size_t used_ = 0;
};

}  // namespace portloop::lab
