// A token bucket, the rate limit of firewalls and kernels.
#pragma once

#include <algorithm>
#include <cstdint>

namespace portloop::lab {

/// Full at first. `now_ns` must never decrease.
class TokenBucket {
 public:
  bool take(uint64_t now_ns, uint32_t per_second, uint32_t burst) {
    constexpr double ns_per_second = 1e9;
    if (filled_ns_ == never) {
      tokens_ = burst;
    } else {
      tokens_ += static_cast<double>(now_ns - filled_ns_) * per_second / ns_per_second;
      tokens_ = std::min<double>(tokens_, burst);
    }
    filled_ns_ = now_ns;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  static constexpr uint64_t never = UINT64_MAX;
  uint64_t filled_ns_ = never;
  double tokens_ = 0;
};

}  // namespace portloop::lab
