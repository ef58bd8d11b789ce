// A pull parser for one JSON text (RFC 8259) on one line. It allocates nothing.
#pragma once

#include <string_view>

namespace portloop {

/// Each step returns whether it succeeded; after a failure the walk must not be continued. Borrows the text. Blanks
/// between tokens are skipped, line ends are not.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : text_(text) {}

  bool at_end();
  bool take(char expected);
  /// Returns whether `expected` is next, without taking it.
  bool next_is(char expected);
  /// Takes a string. `content` is the text between its quotes: escapes are checked but not decoded.
  bool take_string(std::string_view& content);
  /// Takes any value. `content` is its text, for a string without the quotes.
  bool take_value(std::string_view& content, unsigned depth = 0);

 private:
  void skip_blanks();
  bool take_escape();
  bool take_list(char open, char close, bool with_names, unsigned depth);
  bool take_literal();
  bool take_number();
  size_t take_digits();

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace portloop
