// The smoothed round-trip time of one host, or of all hosts: RFC 6298 section 2, in microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop {

class RttEstimator {
 public:
  RttEstimator() = default;
  /// Continues from what srtt_us() and rttvar_us() returned.
  RttEstimator(uint32_t srtt_us, uint32_t rttvar_us) : srtt_us_(srtt_us), rttvar_us_(rttvar_us) {}

  bool has_sample() const { return srtt_us_ != 0; }
  uint32_t srtt_us() const { return srtt_us_; }
  uint32_t rttvar_us() const { return rttvar_us_; }

  /// The caller leaves out answers that may belong to an earlier SYN (Karn's rule). Each term is rounded down to whole
  /// microseconds.
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

  /// The age at which an answer is overdue: srtt + 4 rttvar.
  uint64_t deadline_us() const { return uint64_t{srtt_us_} + 4 * uint64_t{rttvar_us_}; }

 private:
  uint32_t srtt_us_ = 0;
  uint32_t rttvar_us_ = 0;
};

// Every live host has one.
static_assert(sizeof(RttEstimator) == 8);

}  // namespace portloop
