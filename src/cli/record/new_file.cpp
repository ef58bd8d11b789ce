#include "cli/record/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace portloop {

int create_new_file(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return -1;
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

}  // namespace portloop
