// Creates temporary files safely: their names are predictable, so somebody may have planted a link there.
#pragma once

#include <string>

namespace portloop {

/// Opens a new, empty file for writing. An older file of that name, or a symbolic link, is removed first and not
/// written to. Returns the descriptor, or -1 with errno.
int create_new_file(const std::string& path);

}  // namespace portloop
