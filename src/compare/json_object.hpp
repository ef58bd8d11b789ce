// Writes one JSON object, member by member.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "output/escape.hpp"

namespace portloop::compare {

inline std::string json_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

inline std::string json_number(uint64_t value) { return std::to_string(value); }

/// Appends to the text that it borrows. The object ends with this.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonObject() { out_ += '}'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  /// Starts a member. Its value is appended to what is returned.
  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void text(std::string_view name, std::string_view value) { append_json_string(key(name), value); }
  template <class Number>
  void value(std::string_view name, Number value) {
    key(name) += json_number(value);
  }
  /// Writes null if the value is not known.
  void known(std::string_view name, bool is_known, double value) {
    key(name) += is_known ? json_number(value) : "null";
  }
  void flag(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
  /// A list with what `append(out, item)` writes for each item.
  template <class Items, class Append>
  void list(std::string_view name, const Items& items, const Append& append) {
    write_list(name, items, append, "", ",");
  }
  /// The same with each item on a line of its own.
  template <class Items, class Append>
  void lines(std::string_view name, const Items& items, const Append& append) {
    write_list(name, items, append, "\n", ",\n");
  }
  template <class Texts>
  void texts(std::string_view name, const Texts& items) {
    list(name, items, [](std::string& out, std::string_view item) { append_json_string(out, item); });
  }

 private:
  template <class Items, class Append>
  void write_list(std::string_view name, const Items& items, const Append& append, std::string_view around,
                  std::string_view between) {
    key(name).append("[").append(around);
    bool is_first = true;
    for (const auto& item : items) {
      if (!is_first) out_ += between;
      is_first = false;
      append(out_, item);
    }
    out_.append(around).append("]");
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace portloop::compare
