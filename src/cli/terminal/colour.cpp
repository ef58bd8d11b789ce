#include "cli/terminal/colour.hpp"

#include <cstdlib>
#include <string_view>

namespace portloop {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

}  // namespace

bool uses_colour(ColourChoice choice, bool is_terminal) {
  if (choice != ColourChoice::automatic) return choice == ColourChoice::always;
  return is_terminal && environment("NO_COLOR").empty() && !terminal_is_dumb();
}

bool terminal_is_dumb() { return environment("TERM") == "dumb"; }

}  // namespace portloop
