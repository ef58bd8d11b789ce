#include "cli/system/own_program.hpp"

#include <unistd.h>

#include <array>

namespace portloop {

std::string own_program() {
  std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<size_t>(length)) : "/proc/self/exe";
}

}  // namespace portloop
