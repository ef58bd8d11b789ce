#include "engine/descriptor_check.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace portloop {

int check_descriptors(size_t count) {
  std::array<int, 2048> sockets;  // two for each of the 1,024 loops that a scan may have
  count = std::min(count, sockets.size());
  size_t opened = 0;
  int error_number = 0;
  while (error_number == 0 && opened < count) {
    sockets[opened] = socket(AF_INET, SOCK_STREAM, 0);
    if (sockets[opened] >= 0)
      ++opened;
    else
      error_number = errno;
  }
  while (opened > 0) close(sockets[--opened]);
  return error_number == EMFILE || error_number == ENFILE ? uv_translate_sys_error(error_number) : 0;
}

}  // namespace portloop
