// Numbers in text, without a locale. Blanks and a leading '+' are not accepted.
#pragma once

#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

namespace portloop {

/// Removes the number at the start of `text` and returns it. Returns nullopt, with `text` unchanged, if there is no
/// number or it doesn't fit into `Number`.
template <class Number>
std::optional<Number> take_number(std::string_view& text, int base = 10) {
  Number number{};
  std::from_chars_result read{};
  if constexpr (std::is_floating_point_v<Number>) {
    read = std::from_chars(text.data(), text.data() + text.size(), number);
  } else {
    read = std::from_chars(text.data(), text.data() + text.size(), number, base);
  }
  if (read.ec != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
  return number;
}

/// The value of `text`, all of which must be one number from `min` to `max`, both inclusive; otherwise nullopt.
template <class Number>
std::optional<Number> parse_number(std::string_view text, Number min = std::numeric_limits<Number>::lowest(),
                                   Number max = std::numeric_limits<Number>::max()) {
  const auto number = take_number<Number>(text);
  // A NaN compares false with both bounds.
  if (!number || !text.empty() || !(*number >= min && *number <= max)) return std::nullopt;
  return number;
}

/// The same for hexadecimal digits of either case.
template <class Number>
std::optional<Number> parse_hex(std::string_view text) {
  const auto number = take_number<Number>(text, 16);
  return text.empty() ? number : std::nullopt;
}

}  // namespace portloop
