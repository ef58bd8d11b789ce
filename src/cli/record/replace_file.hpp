// Replaces a file atomically: at every moment either the old content or the new one is complete.
#pragma once

#include <string>

namespace portloop {

/// Writes `text` to `path`.tmp, syncs it to disk and renames it to `path`. Returns "" or, in one line, why it failed;
/// the old file is intact then. That line calls the file `name`.
std::string replace_file(const std::string& path, const std::string& name, const std::string& text);

}  // namespace portloop
