// Which formats go where: -f FORMAT and -o FORMAT=- are standard output, -o FORMAT=FILE is a file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/system/distinct_files.hpp"

namespace portloop {

struct OutputChoice {
  std::string format;
  std::string file;  ///< Empty: standard output.
};

/// The files that these outputs write, for check_distinct(); with `overwrite` also the partial ones.
std::vector<NamedFile> files_of(const std::vector<OutputChoice>& outputs, bool overwrite);

/// From the values of -f, if it was given, and of every -o. The first one is standard output. Throws UsageError.
std::vector<OutputChoice> parse_outputs(const std::optional<std::string>& format, const std::vector<std::string>& more);

/// Throws UsageError if --names is given and no output is a list.
void check_list_names(bool list_names, const std::vector<OutputChoice>& outputs);

}  // namespace portloop
