// Counts the SYNs for each endpoint in an open-addressing table of 8 bytes an entry.
#pragma once

#include <cstdint>
#include <vector>

#include "core/probe_result.hpp"

namespace portloop::lab {

class Sightings {
 public:
  Sightings();

  /// Counts one more SYN. Returns how many there were before, at most 255.
  uint32_t add(const Endpoint& endpoint);

 private:
  void grow();

  // The upper 56 bits are a hash that identifies the endpoint; the probability that any two of a million endpoints
  // collide is 1 in 140,000. The lower 8 bits are the count. 0 is an empty slot.
  std::vector<uint64_t> slots_;
  size_t used_ = 0;
};

}  // namespace portloop::lab
