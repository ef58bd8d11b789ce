// The width of a terminal.
#pragma once

#include <cstddef>

namespace portloop {

/// In columns, at least 1; 80 if the terminal does not report it.
size_t terminal_columns(int fd);

}  // namespace portloop
