#include "fuzz/readers.hpp"

namespace portloop::fuzz {
namespace {

/// A recursive descent along the grammar of RFC 8259, section 2 and after.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  bool value(JsonValue& value, int depth) {
    blanks();
    if (depth > 32 || text_.empty()) return false;
    switch (text_.front()) {
      case '"': value.kind = JsonValue::Kind::string; return string(value.text);
      case '{': value.kind = JsonValue::Kind::compound; return object(nullptr, depth);
      case '[': value.kind = JsonValue::Kind::compound; return list(depth);
      case 'n': value.kind = JsonValue::Kind::null; return word("null", value.text);
      case 't': value.kind = JsonValue::Kind::boolean; return word("true", value.text);
      case 'f': value.kind = JsonValue::Kind::boolean; return word("false", value.text);
      default: value.kind = JsonValue::Kind::number; return number(value.text);
    }
  }

  bool object(std::map<std::string, JsonValue>* members, int depth) {
    if (!symbol('{')) return false;
    if (symbol('}')) return true;
    do {
      std::string name;
      JsonValue member;
      blanks();
      if (!string(name) || !symbol(':') || !value(member, depth + 1)) return false;
      if (members != nullptr && !members->emplace(std::move(name), std::move(member)).second) return false;
    } while (symbol(','));
    return symbol('}');
  }

  bool at_end() {
    blanks();
    return text_.empty();
  }

 private:
  void blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t' || text_.front() == '\r'))
      text_.remove_prefix(1);
  }

  bool symbol(char expected) {
    blanks();
    return exactly(expected);
  }

  bool exactly(char expected) {
    if (text_.empty() || text_.front() != expected) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool word(std::string_view expected, std::string& out) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    out = expected;
    return true;
  }

  bool list(int depth) {
    if (!symbol('[')) return false;
    if (symbol(']')) return true;
    do {
      JsonValue item;
      if (!value(item, depth + 1)) return false;
    } while (symbol(','));
    return symbol(']');
  }

  size_t digits() {
    size_t count = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      text_.remove_prefix(1);
      ++count;
    }
    return count;
  }

  bool number(std::string& out) {
    const std::string_view start = text_;
    exactly('-');
    if (!exactly('0') && digits() == 0) return false;
    if (exactly('.') && digits() == 0) return false;
    if (exactly('e') || exactly('E')) {
      if (!exactly('+')) exactly('-');
      if (digits() == 0) return false;
    }
    out = start.substr(0, start.size() - text_.size());
    return true;
  }

  bool string(std::string& out) {
    if (!exactly('"')) return false;
    while (!text_.empty() && text_.front() != '"') {
      const char c = text_.front();
      text_.remove_prefix(1);
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\')
        out += c;
      else if (!escape(out))
        return false;
    }
    return exactly('"');
  }

  bool escape(std::string& out) {
    if (text_.empty()) return false;
    const char letter = text_.front();
    text_.remove_prefix(1);
    switch (letter) {
      case '"':
      case '\\':
      case '/': out += letter; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': return unicode(out);
      default: return false;
    }
  }

  /// Keeps only what is ASCII: nothing that is compared with it has more.
  bool unicode(std::string& out) {
    if (text_.size() < 4) return false;
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = text_[static_cast<size_t>(i)];
      unsigned digit = 0;
      if (c >= '0' && c <= '9')
        digit = static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<unsigned>(c - 'a') + 10;
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<unsigned>(c - 'A') + 10;
      else
        return false;
      code = code * 16 + digit;
    }
    text_.remove_prefix(4);
    out += code < 0x80 ? static_cast<char>(code) : '?';
    return true;
  }

  std::string_view text_;
};

}  // namespace

bool is_json(std::string_view text) {
  JsonReader reader(text);
  JsonValue value;
  return reader.value(value, 0) && reader.at_end();
}

std::optional<std::map<std::string, JsonValue>> read_json_object(std::string_view text) {
  JsonReader reader(text);
  std::map<std::string, JsonValue> members;
  if (!reader.object(&members, -1) || !reader.at_end()) return std::nullopt;
  return members;
}

}  // namespace portloop::fuzz
