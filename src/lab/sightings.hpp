// How often each endpoint was asked: an open-addressing table of 8 bytes an endpoint.
#pragma once

#include <cstdint>
#include <vector>

#include "core/probe_result.hpp"

namespace portloop::lab {

class Sightings {
 public:
  Sightings();

  /// Counts one more sighting; how many there were before, at most 255.
  uint32_t add(const Endpoint& endpoint);

 private:
  void grow();

  // The upper 56 bits identify the endpoint by its hash: two of a million endpoints are taken for one with
  // a probability of 1 in 140,000. The lower 8 bits count. 0 is an empty slot.
  std::vector<uint64_t> slots_;
  size_t used_ = 0;
};

}  // namespace portloop::lab
