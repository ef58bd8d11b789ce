#include "output/terminal_row.hpp"

#include <algorithm>

namespace portloop {

size_t display_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

void cut_row(std::string& out, size_t start, size_t columns) {
  constexpr std::string_view more = "...", no_colour = "\x1b[0m";
  size_t width = 0, cut = start;  // `cut`: up to there, `more` still fits
  bool coloured = false, coloured_at_cut = false;
  for (size_t i = start; i < out.size();) {
    if (out[i] == '\x1b') {
      coloured = out.compare(i, no_colour.size(), no_colour) != 0;
      i = out.find('m', i) + 1;
    } else {
      const auto lead = static_cast<unsigned char>(out[i]);
      const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      width += lead > 0xe1 || (lead == 0xe1 && static_cast<unsigned char>(out[i + 1]) >= 0x84) ? 2 : 1;
      if (width > columns) break;
      i += length;
    }
    if (width + more.size() > columns) continue;
    cut = i;
    coloured_at_cut = coloured;
  }
  if (width <= columns) return;
  out.resize(cut);
  if (coloured_at_cut) out += no_colour;
  out += more.substr(0, columns);
}

}  // namespace portloop
