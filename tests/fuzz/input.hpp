// Bytes from the fuzzer, taken as numbers and texts. When they are used up, everything is zero or empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace portloop::fuzz {

class Input {
 public:
  Input(const uint8_t* bytes, size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

  bool empty() const { return rest_.empty(); }
  /// 0 to `bound` - 1; takes as few bytes as have room for that.
  uint64_t below(uint64_t bound) {
    uint64_t value = 0;
    for (uint64_t room = bound - 1; room > 0; room >>= 8) value = value << 8 | byte();
    return value % bound;
  }
  /// Both are inclusive.
  uint64_t between(uint64_t min, uint64_t max) { return min + below(max - min + 1); }
  bool flag() { return (byte() & 1) != 0; }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  /// Up to `max` bytes, at most 255.
  std::string_view text(size_t max) { return take(below(std::min<size_t>(max, 255) + 1)); }
  std::string_view take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
};

}  // namespace portloop::fuzz
