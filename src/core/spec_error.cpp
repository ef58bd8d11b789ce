#include "core/spec_error.hpp"

namespace portloop {

std::string quote_word(std::string_view word) {
  static constexpr size_t max_quoted_bytes = 80;
  static constexpr char hex[] = "0123456789abcdef";
  std::string quoted = "'";
  for (const char c : word.substr(0, max_quoted_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      quoted += c;
    } else {
      quoted += "\\x";
      quoted += hex[byte >> 4];
      quoted += hex[byte & 15];
    }
  }
  quoted += word.size() > max_quoted_bytes ? "...'" : "'";
  return quoted;
}

}  // namespace portloop
