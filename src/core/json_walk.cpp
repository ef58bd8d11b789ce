#include "core/json_walk.hpp"

namespace portloop {

bool JsonWalk::at_end() {
  skip_blanks();
  return at_ == text_.size();
}

bool JsonWalk::take(char expected) {
  skip_blanks();
  if (at_ == text_.size() || text_[at_] != expected) return false;
  ++at_;
  return true;
}

bool JsonWalk::take_string(std::string_view& content) {
  if (!take('"')) return false;
  const size_t start = at_;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
    if (text_[at_] == '\\' && !take_escape()) return false;
    ++at_;
  }
  if (at_ == text_.size()) return false;
  content = text_.substr(start, at_++ - start);
  return true;
}

bool JsonWalk::take_value(std::string_view& content, unsigned depth) {
  constexpr unsigned max_depth = 32;
  skip_blanks();
  if (at_ == text_.size() || depth > max_depth) return false;
  const size_t start = at_;
  bool good = false;
  switch (text_[at_]) {
    case '"': return take_string(content);
    case '{': good = take_list('{', '}', true, depth); break;
    case '[': good = take_list('[', ']', false, depth); break;
    default: good = take_literal(); break;
  }
  content = text_.substr(start, at_ - start);
  return good;
}

bool JsonWalk::next_is(char expected) {
  skip_blanks();
  return at_ < text_.size() && text_[at_] == expected;
}

void JsonWalk::skip_blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
}

/// Leaves the position on the last character of the escape.
bool JsonWalk::take_escape() {
  constexpr std::string_view one_letter = "\"\\/bfnrt";
  constexpr std::string_view hex = "0123456789abcdefABCDEF";
  if (++at_ == text_.size()) return false;
  if (one_letter.find(text_[at_]) != std::string_view::npos) return true;
  if (text_[at_] != 'u' || at_ + 4 >= text_.size()) return false;
  for (int digit = 0; digit < 4; ++digit) {
    if (hex.find(text_[++at_]) == std::string_view::npos) return false;
  }
  return true;
}

bool JsonWalk::take_list(char open, char close, bool with_names, unsigned depth) {
  if (!take(open)) return false;
  if (take(close)) return true;
  std::string_view ignored;
  do {
    if (with_names && (!take_string(ignored) || !take(':'))) return false;
    if (!take_value(ignored, depth + 1)) return false;
  } while (take(','));
  return take(close);
}

size_t JsonWalk::take_digits() {
  const size_t start = at_;
  while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
  return at_ - start;
}

bool JsonWalk::take_number() {
  const auto take_any_of = [this](std::string_view set) {
    const bool found = at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
    if (found) ++at_;
    return found;
  };
  take_any_of("-");
  // No digit follows a leading zero.
  if (!take_any_of("0") && take_digits() == 0) return false;
  if (take_any_of(".") && take_digits() == 0) return false;
  if (!take_any_of("eE")) return true;
  take_any_of("+-");
  return take_digits() > 0;
}

bool JsonWalk::take_literal() {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at_).starts_with(word)) {
      at_ += word.size();
      return true;
    }
  }
  return take_number();
}

}  // namespace portloop
