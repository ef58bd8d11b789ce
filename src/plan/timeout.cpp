#include "plan/timeout.hpp"

#include <algorithm>

namespace portloop {
namespace {

// The kernel retransmits a SYN after 1 s (RFC 6298 section 2.1; tcp_output.c, TCP_TIMEOUT_INIT). To give up between a
// little before that and the time at which the retransmission could be answered wastes a packet.
constexpr uint64_t retransmission_us = 1'000'000;
constexpr uint64_t before_retransmission_us = 950'000;

// The round-trip time assumed of a host without a sample, when its answer to a retransmission is waited for.
constexpr uint64_t assumed_rtt_us = 250'000;

// A probe of a host without a sample waits for two retransmission intervals from the second pass on.
constexpr uint64_t second_timeout_us = 2 * retransmission_us;

}  // namespace

uint32_t probe_timeout_us(const TimeoutOptions& options, const RttEstimator& rtt, uint32_t pass) {
  const uint64_t max_us = uint64_t{options.max_ms} * 1000;
  if (!options.adaptive) return static_cast<uint32_t>(max_us);
  uint64_t timeout_us = pass < 2 ? before_retransmission_us : second_timeout_us;
  if (rtt.has_sample()) {
    timeout_us = std::max<uint64_t>({min_timeout_us, 2 * uint64_t{rtt.srtt_us()}, rtt.deadline_us()});
    if (pass >= 2) timeout_us *= 2;
  }
  timeout_us = std::min(timeout_us, max_us);
  const uint64_t retransmission_answered_us =
      retransmission_us + (rtt.has_sample() ? rtt.deadline_us() : assumed_rtt_us);
  const bool wasteful = timeout_us > before_retransmission_us && timeout_us < retransmission_answered_us;
  return static_cast<uint32_t>(wasteful ? before_retransmission_us : timeout_us);
}

}  // namespace portloop
