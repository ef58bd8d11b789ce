#include "cli/terminal/note.hpp"

#include <unistd.h>

#include <cstdio>

#include "cli/terminal/terminal_width.hpp"
#include "output/folded_text.hpp"

namespace portloop {

void print_folded(const std::string& text) {
  const bool is_terminal = isatty(STDERR_FILENO) == 1;
  std::fprintf(stderr, "%s\n", is_terminal ? folded(text, terminal_columns(STDERR_FILENO)).c_str() : text.c_str());
}

void print_note(const std::string& text) { print_folded("portloop: " + text); }

}  // namespace portloop
