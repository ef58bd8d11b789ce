// How long a probe may wait for its answer.
#pragma once

#include <cstdint>

#include "core/rtt_estimator.hpp"

namespace portloop {

/// No adaptive timeout is shorter: a delayed answer of a fast host is not silence.
inline constexpr uint32_t min_timeout_us = 200'000;

struct TimeoutOptions {
  bool adaptive = true;  ///< false: always the maximum.
  uint32_t max_ms = 1000;
};

/// The timeout of a probe of a host with round-trip times `rtt`, in the block's `pass` (1 is the first). Only the
/// host's own samples count: nmap judged hosts 250 ms away by those 10 ms away, and lost whole networks.
uint32_t probe_timeout_us(const TimeoutOptions& options, const RttEstimator& rtt, uint32_t pass);

}  // namespace portloop
