#include "cli/terminal/colour.hpp"

#include <cstdlib>

namespace portloop {

bool colour_is_allowed() {
  const char* no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

}  // namespace portloop
