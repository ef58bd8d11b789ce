#include "lab/result_line.hpp"

#include <charconv>

namespace portloop::lab {

namespace {

/// Walks over one JSON text. Each step says whether it went well; after a failure the rest means nothing.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : text_(text) {}

  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }

  bool take(char expected) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  /// A string, with its escapes left as they are: none of the members that matter has one.
  bool take_string(std::string_view& content) {
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

  /// Any value; `content` is its text, of a string without its quotes.
  bool take_value(std::string_view& content, unsigned depth = 0) {
    constexpr unsigned deepest = 32;
    skip_blanks();
    if (at_ == text_.size() || depth > deepest) return false;
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

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }

  /// Stops on the escape's last character.
  bool take_escape() {
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

  bool take_list(char open, char close, bool with_names, unsigned depth) {
    if (!take(open)) return false;
    if (take(close)) return true;
    std::string_view ignored;
    do {
      if (with_names && (!take_string(ignored) || !take(':'))) return false;
      if (!take_value(ignored, depth + 1)) return false;
    } while (take(','));
    return take(close);
  }

  bool take_literal() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return true;
      }
    }
    double number = 0;
    const char* start = text_.data() + at_;
    const auto [stop, error] = std::from_chars(start, text_.data() + text_.size(), number);
    if (error != std::errc{} || (*start != '-' && (*start < '0' || *start > '9'))) return false;
    at_ += static_cast<size_t>(stop - start);
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || stop != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<PortState> read_state(std::string_view text) {
  for (const PortState state :
       {PortState::open, PortState::closed, PortState::filtered, PortState::unknown}) {
    if (text == to_text(state)) return state;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ResultLine> read_result_line(std::string_view line) {
  JsonWalk walk(line);
  std::optional<Address> address;
  std::optional<uint16_t> port;
  std::optional<PortState> state;
  if (!walk.take('{')) return std::nullopt;
  do {
    std::string_view name;
    std::string_view value;
    if (!walk.take_string(name) || !walk.take(':') || !walk.take_value(value)) return std::nullopt;
    if (name == "address") address = parse_address(value);
    if (name == "port") port = read_port(value);
    if (name == "state") state = read_state(value);
  } while (walk.take(','));
  if (!walk.take('}') || !walk.at_end() || !address || !port || !state) return std::nullopt;
  return ResultLine{{*address, *port}, *state};
}

}  // namespace portloop::lab
