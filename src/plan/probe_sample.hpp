// A uniform sample of the probes seen so far (Vitter's algorithm R, 1985).
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>

#include "core/permutation.hpp"

namespace portloop {

class ProbeSample {
 public:
  void add(uint32_t probe) {
    const auto places = static_cast<uint32_t>(probes_.size());
    const uint32_t seen = seen_++;
    const auto place = seen < places ? seen : static_cast<uint32_t>(mix64(probe) % (uint64_t{seen} + 1));
    if (place < places) probes_[place] = probe;
  }
  uint32_t size() const { return std::min<uint32_t>(seen_, static_cast<uint32_t>(probes_.size())); }
  /// Precondition: size() > 0.
  uint32_t pick(uint64_t random) const {
    assert(size() > 0);
    return probes_[random % size()];
  }

 private:
  std::array<uint32_t, 64> probes_{};
  uint32_t seen_ = 0;
};

}  // namespace portloop
