#include "output/terminal_row.hpp"

#include <algorithm>

namespace portloop {
namespace {

struct Piece {
  size_t bytes;
  size_t columns;
  bool is_colour;
};

/// The character or the colour sequence at `at`.
Piece piece_at(std::string_view text, size_t at) {
  if (text[at] == '\x1b') return {std::min(text.find('m', at), text.size() - 1) + 1 - at, 0, true};
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const auto next = static_cast<unsigned char>(at + 1 < text.size() ? text[at + 1] : '\0');
  const bool is_wide = lead > 0xe1 || (lead == 0xe1 && next >= 0x84);
  return {bytes, is_wide ? size_t{2} : size_t{1}, false};
}

}  // namespace

size_t display_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

size_t row_width(std::string_view row) {
  size_t width = 0;
  for (size_t i = 0; i < row.size();) {
    const Piece piece = piece_at(row, i);
    width += piece.columns;
    i += piece.bytes;
  }
  return width;
}

void cut_row(std::string& out, size_t start, size_t columns) {
  constexpr std::string_view more = "...";
  size_t width = 0, cut = start;  // `cut`: up to there, `more` still fits
  bool coloured = false, coloured_at_cut = false;
  for (size_t i = start; i < out.size();) {
    const Piece piece = piece_at(out, i);
    if (piece.is_colour) coloured = out.compare(i, no_colour.size(), no_colour) != 0;
    width += piece.columns;
    if (width > columns) break;
    i += piece.bytes;
    if (width + more.size() > columns) continue;
    cut = i;
    coloured_at_cut = coloured;
  }
  if (width <= columns) return;
  out.resize(cut);
  if (coloured_at_cut) out += no_colour;
  out += more.substr(0, columns);
}

std::string_view colour_of(PortState state) {
  switch (state) {
    case PortState::open: return "\x1b[32m";      // green
    case PortState::closed: return "\x1b[31m";    // red
    case PortState::filtered: return "\x1b[33m";  // yellow
    case PortState::unknown: return "\x1b[35m";   // magenta
  }
  return "";
}

}  // namespace portloop
