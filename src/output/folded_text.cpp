#include "output/folded_text.hpp"

#include <algorithm>

#include "output/grouped.hpp"
#include "output/terminal_row.hpp"

namespace portloop {

std::string folded(std::string_view text, size_t columns) {
  std::string lines;
  size_t used = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, std::min(text.find(' '), text.size()));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const size_t width = row_width(word);
    if (!lines.empty() && used + 1 + width > columns) {
      lines += '\n';
      used = 0;
    } else if (!lines.empty()) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += width;
  }
  return lines;
}

std::string counted(uint64_t count, const char* one, const char* several) {
  return grouped(count) + ' ' + (count == 1 ? one : several);
}

}  // namespace portloop
