#include "cli/terminal/terminal_width.hpp"

#include <sys/ioctl.h>

namespace portloop {

size_t terminal_columns(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace portloop
