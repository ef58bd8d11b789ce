// Reading the texts in which processes of a comparison hand over their results.
#pragma once

#include <string_view>

namespace portloop::compare {

/// Removes `expected` from the start of `text`. Returns false, with `text` unchanged, if it does not start with it.
inline bool take_text(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace portloop::compare
