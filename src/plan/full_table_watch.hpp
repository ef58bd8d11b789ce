// A neighbour table that is full drops packets to further neighbours without a word. A scan leaves room in it, but
// other programs use it as well; and the kernel discards entries that have not been used for 5 s. So an ask of an
// on-link host that ends in silence may never have left.
//
// Happy path: the table has not overflowed since the scan began.
//
// What goes wrong:
//   - it has overflowed since an ask was sent, as far as is known: may_have_dropped(), and the ask is made again
//   - no neighbour was found or failed to be found for a minute, because the table is full: stays_full()
#pragma once

#include <cstdint>
#include <optional>

#include "plan/ask.hpp"

namespace portloop {

/// Of one family's table. Not thread-safe.
class FullTableWatch {
 public:
  /// `overflows` is the table's count, which is read once a second; `next_serial` that of the next ask.
  void note(uint32_t overflows, uint64_t next_serial) {
    if (overflows_ && *overflows_ != overflows) serial_ = next_serial;
    overflows_ = overflows;
  }
  bool may_have_dropped(const Ask& ask) const { return ask.serial < serial_; }

  /// A probe that may have been dropped ended without any news.
  void dropped(uint64_t now_us) {
    if (full_since_us_ == 0) full_since_us_ = now_us;
  }
  /// The system has found a neighbour, or has looked for it in vain: it had room.
  void had_room() { full_since_us_ = 0; }
  bool stays_full(uint64_t now_us) const { return full_since_us_ != 0 && now_us - full_since_us_ >= max_full_us; }

 private:
  static constexpr uint64_t max_full_us = 60'000'000;

  std::optional<uint32_t> overflows_;
  uint64_t serial_ = 0;
  uint64_t full_since_us_ = 0;
};

}  // namespace portloop
