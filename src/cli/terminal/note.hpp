// Lines about a run for people, on standard error.
#pragma once

#include <string>

namespace portloop {

/// Prints `text` and a line end. On a terminal, it is folded to the width.
void print_folded(const std::string& text);

/// The same, after "portloop: ".
void print_note(const std::string& text);

}  // namespace portloop
