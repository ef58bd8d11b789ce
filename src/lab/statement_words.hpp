// The words after a keyword, taken one by one, and what is wrong with them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace portloop::lab {

using Words = std::span<const std::string_view>;

/// An error in a line. parse_profile() adds the line number and the keyword's usage.
struct Fault {
  std::string_view word;  ///< Empty: the keyword itself.
  std::string_view why;
};
using Outcome = std::optional<Fault>;

Outcome no_more_words(Words words);
Outcome one_word(Words words);

/// Removes the first word, which must exist, and returns it.
std::string_view take_word(Words& words);

/// Takes `NAME TIME` from the start of `words`, which must not be empty.
Outcome take_duration(Words& words, std::string_view name, uint64_t& us);

}  // namespace portloop::lab
