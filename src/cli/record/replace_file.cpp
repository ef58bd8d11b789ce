#include "cli/record/replace_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/record/new_file.hpp"

namespace portloop {
namespace {

/// Returns 0 or an errno value.
int write_all(int fd, const std::string& text) {
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = write(fd, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno;
    written += static_cast<size_t>(count);
  }
  return 0;
}

}  // namespace

std::string replace_file(const std::string& path, const std::string& name, const std::string& text) {
  const std::string new_path = path + ".tmp";
  const int fd = create_new_file(new_path);
  if (fd < 0) return name + " can't be written: " + std::strerror(errno);
  int error = write_all(fd, text);
  // To the disk before the rename: otherwise a power cut can leave the new name with nothing behind it.
  if (error == 0 && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  const char* what = " can't be written: ";
  if (error == 0 && rename(new_path.c_str(), path.c_str()) != 0) {
    error = errno;
    what = " can't be replaced: ";
  }
  if (error == 0) return "";
  unlink(new_path.c_str());
  return name + what + std::strerror(error);
}

}  // namespace portloop
