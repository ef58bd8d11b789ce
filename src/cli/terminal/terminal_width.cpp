#include "cli/terminal/terminal_width.hpp"

#include <sys/ioctl.h>

#include <cctype>
#include <cstdlib>
#include <string>

namespace portloop {

size_t terminal_columns(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

size_t terminal_rows(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string charset;
    for (const char* letter = value; *letter != '\0'; ++letter) {
      if (*letter != '-') charset += static_cast<char>(std::tolower(static_cast<unsigned char>(*letter)));
    }
    return charset.find("utf8") != std::string::npos;
  }
  return false;
}

}  // namespace portloop
