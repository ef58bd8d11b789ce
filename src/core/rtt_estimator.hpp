// Smoothed round-trip time of one host, or of all of them: RFC 6298 section 2, in microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop {

/// 8 bytes, so that thousands of hosts can each have one.
class RttEstimator {
 public:
  bool has_sample() const { return srtt_us_ != 0; }
  uint32_t srtt_us() const { return srtt_us_; }
  uint32_t rttvar_us() const { return rttvar_us_; }

  /// The caller leaves out answers that may belong to a SYN sent again (Karn's rule): facts of the kernel
  /// are the engine's business.
  void sample(uint64_t rtt_us) {
    const auto rtt = static_cast<uint32_t>(std::clamp<uint64_t>(rtt_us, 1, 60'000'000));
    if (srtt_us_ == 0) {
      srtt_us_ = rtt;
      rttvar_us_ = rtt / 2;
      return;
    }
    const uint32_t deviation = rtt > srtt_us_ ? rtt - srtt_us_ : srtt_us_ - rtt;
    rttvar_us_ = rttvar_us_ - rttvar_us_ / 4 + deviation / 4;
    srtt_us_ = std::max<uint32_t>(1, srtt_us_ - srtt_us_ / 8 + rtt / 8);
  }

  /// By when an answer should have come: srtt + 4 rttvar.
  uint64_t deadline_us() const { return uint64_t{srtt_us_} + 4 * uint64_t{rttvar_us_}; }

 private:
  uint32_t srtt_us_ = 0;
  uint32_t rttvar_us_ = 0;
};

}  // namespace portloop
