// The last lines of a terminal, drawn again in place while a command runs.
//
// Happy path: draw() moves the cursor to the first of the lines that it drew last, writes the new ones over them, and
// leaves the cursor at the end of the last one; erase() removes them, so that something else can be written.
//
// What goes wrong:
//   - the terminal becomes narrower: it wraps the lines that are there, and each takes several rows
//   - it becomes lower: rows that were pushed out at its top stay in its history
//   - the process was stopped (Ctrl-Z) or is in the background: the cursor is elsewhere. What was drawn stays, and the
//     lines are drawn anew below; nothing is drawn in the background
//   - the terminal is slow: waits, as a blocking write() does. It is gone: nothing is drawn any more
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace portloop {

class LiveRegion {
 public:
  /// `fd`: a terminal that understands escape sequences.
  explicit LiveRegion(int fd);

  /// The lines have no line ends and are narrower than the terminal. Without lines, the same as erase().
  void draw(const std::vector<std::string>& lines);
  void erase();

 private:
  bool is_elsewhere();
  std::string to_first_line() const;
  void write(const std::string& bytes);

  const int fd_;
  std::vector<std::string> drawn_;
  unsigned continued_;  // how often the process had been when the lines were drawn
  bool gone_ = false;
};

}  // namespace portloop
