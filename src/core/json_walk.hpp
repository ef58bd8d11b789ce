// Walks over one JSON text (RFC 8259) without building anything.
#pragma once

#include <string_view>

namespace portloop {

/// Each step says whether it went well; after a failure the rest means nothing. The text outlives the walk.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : text_(text) {}

  bool at_end();
  bool take(char expected);
  /// Whether `expected` stands next; takes nothing.
  bool next_is(char expected);
  /// A string, with its escapes checked but left as they are.
  bool take_string(std::string_view& content);
  /// Any value; `content` is its text, of a string without its quotes.
  bool take_value(std::string_view& content, unsigned depth = 0);

 private:
  void skip_blanks();
  bool take_escape();
  bool take_list(char open, char close, bool with_names, unsigned depth);
  bool take_literal();

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace portloop
