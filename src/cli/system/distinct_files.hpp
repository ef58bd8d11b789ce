// Detects that two names are one file: `json=two` and `csv=./two`, or a hard link and its target.
#pragma once

#include <string>
#include <vector>

namespace portloop {

struct NamedFile {
  std::string word;           ///< What the person typed, for messages: "--output 'json=two'".
  std::string path;           ///< Empty: standard output.
  bool is_temporary = false;  ///< Created anew: a symbolic link of that name is replaced, not followed.
};

/// Throws UsageError if two of them are the same regular file, or would be once they are created.
void check_distinct(const std::vector<NamedFile>& files);

}  // namespace portloop
