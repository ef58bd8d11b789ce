// The size of a terminal, and the characters that it can show.
#pragma once

#include <cstddef>

namespace portloop {

/// In columns, at least 1; 80 if the terminal does not report it.
size_t terminal_columns(int fd);
/// At least 1; 24 if the terminal does not report it.
size_t terminal_rows(int fd);

/// Whether the first of LC_ALL, LC_CTYPE and LANG that is set and not empty names UTF-8.
bool locale_is_utf8();

}  // namespace portloop
