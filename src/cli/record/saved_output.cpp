#include "cli/record/saved_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/record_line.hpp"

namespace portloop {

bool contains(int readable, uint64_t file_size, const SavedOutput& saved) {
  if (file_size < saved.start || file_size - saved.start < saved.length) return false;
  if (readable < 0) return true;
  constexpr size_t piece_bytes = 64 * 1024;
  uint64_t hash = fnv_start;
  std::string piece(piece_bytes, '\0');
  for (uint64_t done = 0; done < saved.length;) {
    const size_t wanted = std::min<uint64_t>(piece.size(), saved.length - done);
    const ssize_t count = pread(readable, piece.data(), wanted, static_cast<off_t>(saved.start + done));
    if (count <= 0) return false;
    hash = fnv_hash(std::string_view(piece).substr(0, static_cast<size_t>(count)), hash);
    done += static_cast<uint64_t>(count);
  }
  return hash == saved.hash;
}

bool file_contains(const std::string& path, const SavedOutput& saved) {
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);  // a FIFO would block
  if (fd < 0) return false;
  struct stat status;
  const bool same =
      fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && contains(fd, static_cast<uint64_t>(status.st_size), saved);
  close(fd);
  return same;
}

}  // namespace portloop
