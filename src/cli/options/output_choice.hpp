// Which formats go where: -f FORMAT is standard output, -o FORMAT=FILE a file.
#pragma once

#include <string>
#include <vector>

namespace portloop {

struct OutputChoice {
  std::string format;
  std::string file;  ///< Empty: standard output.
};

/// From the values of -f and of every -o. Throws UsageError.
std::vector<OutputChoice> parse_outputs(const std::string& format, const std::vector<std::string>& more);

}  // namespace portloop
