// Whether results are coloured.
#pragma once

#include <cstdint>

namespace portloop {

enum class ColourChoice : uint8_t { automatic, always, never };

/// With `automatic`: on a terminal, unless NO_COLOR is set and not empty (https://no-color.org) or TERM is "dumb".
bool uses_colour(ColourChoice choice, bool is_terminal);

/// TERM is "dumb": no escape sequences, so no line can be redrawn either.
bool terminal_is_dumb();

}  // namespace portloop
