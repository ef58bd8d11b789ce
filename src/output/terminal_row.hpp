// Rows of text that fit a terminal's width. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace portloop {

/// The terminal columns that visible text takes, not counting wide characters.
size_t display_width(std::string_view text);

/// Cuts the row that begins at `start` to `columns`; "..." is its end then. Takes any character from U+1100 on for a
/// wide one. Colour sequences take no column, and are ended before the cut.
void cut_row(std::string& out, size_t start, size_t columns);

}  // namespace portloop
