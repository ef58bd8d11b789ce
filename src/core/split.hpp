// Lists in one word, such as "22,80" or the directories of PATH.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace portloop {

/// The parts of `text` between the separators, views of it. Empty parts are kept: an empty `text` is one of them.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

}  // namespace portloop
