// Rows of text that fit a terminal's width. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/probe_result.hpp"

namespace portloop {

/// The terminal columns that visible text takes, not counting wide characters.
size_t display_width(std::string_view text);

/// The terminal columns that a row takes. Takes any character from U+1100 on for a wide one. Colour sequences take
/// none.
size_t row_width(std::string_view row);

/// Cuts the row that begins at `start` to `columns`, counted as row_width() does; "..." is its end then. Colour is
/// ended before the cut.
void cut_row(std::string& out, size_t start, size_t columns);

std::string_view colour_of(PortState state);
inline constexpr std::string_view no_colour = "\x1b[0m";

}  // namespace portloop
