// Numbers and strings in a message from the network. Reading beyond its end sets failed(), and returns zeros.
#pragma once

#include <cstdint>
#include <string_view>

namespace portloop {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  std::string_view rest() const { return rest_; }

  std::string_view take(size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  void skip(size_t size) { take(size); }

  /// In network byte order.
  uint8_t u8() { return static_cast<uint8_t>(big_endian(1)); }
  uint16_t u16() { return static_cast<uint16_t>(big_endian(2)); }
  uint32_t u32() { return big_endian(4); }
  uint32_t u32_little_endian() {
    uint32_t value = 0;
    const std::string_view bytes = take(4);
    for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
    return value;
  }

 private:
  uint32_t big_endian(size_t size) {
    uint32_t value = 0;
    for (const char byte : take(size)) value = value << 8 | static_cast<uint8_t>(byte);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace portloop
