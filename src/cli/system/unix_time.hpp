// The wall clock, for what is written into outputs. Durations are measured with uv_hrtime().
#pragma once

#include <chrono>
#include <cstdint>

namespace portloop {

inline int64_t unix_time_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace portloop
