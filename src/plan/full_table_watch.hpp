// A neighbour table that overflows drops packets without a word. Other programs use it as well, and the kernel discards
// entries that have not been used for 5 s: so an ask of an on-link host that ends in silence may never have left.
//
// Happy path: the table has not overflowed since the scan began.
//
// What goes wrong:
//   - it has overflowed since an ask was sent, as far as is known: may_have_dropped(), and the ask is made again
//   - it goes on for a while: stays_full(), and nothing more can be learned of hosts that have not answered
#pragma once

#include <cstdint>
#include <optional>

#include "plan/ask.hpp"

namespace portloop {

/// Of one family's table. Not thread-safe.
class FullTableWatch {
 public:
  /// `overflows` is the table's count, which is read once a second; `next_serial` that of the next ask.
  void note(uint32_t overflows, uint64_t next_serial, uint64_t now_us) {
    if (!overflows_) overflows_ = overflows;
    if (*overflows_ == overflows) return;
    overflows_ = overflows;
    if (now_us - last_us_ > max_gap_us) in_a_row_ = 0;
    last_us_ = now_us;
    ++in_a_row_;
    serial_ = next_serial;
  }
  bool may_have_dropped(const Ask& ask) const { return ask.serial < serial_; }
  bool stays_full() const { return in_a_row_ > max_in_a_row; }

 private:
  static constexpr uint32_t max_in_a_row = 20;
  static constexpr uint64_t max_gap_us = 5'000'000;

  std::optional<uint32_t> overflows_;
  uint64_t serial_ = 0;
  uint64_t last_us_ = 0;
  uint32_t in_a_row_ = 0;
};

}  // namespace portloop
