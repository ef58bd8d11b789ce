// How many descriptors this process has, to see whether any was left open.
#pragma once

#include <dirent.h>

#include <cstddef>

#include "doctest/doctest.h"

namespace portloop::testing {

inline size_t count_open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  REQUIRE(folder != nullptr);
  size_t entries = 0;
  while (readdir(folder) != nullptr) ++entries;
  closedir(folder);
  return entries - 3;  // ".", ".." and the folder's own
}

}  // namespace portloop::testing
