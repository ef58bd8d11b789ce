// Whether a person allows colour.
#pragma once

namespace portloop {

/// False if the environment forbids it: NO_COLOR is set and not empty (https://no-color.org).
bool colour_is_allowed();

}  // namespace portloop
