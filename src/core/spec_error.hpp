// How a text that a person typed is refused: the word at fault, and what would have been right.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace portloop {

/// One line for a person. `message` quotes the word at fault and says what is accepted.
struct SpecError {
  std::string message;
};

/// Quotes a word for an error message: control bytes and bytes that are not ASCII become \xNN, so that a
/// word from a file can't drive the terminal, and a long word is cut.
std::string quote_word(std::string_view word);

/// Either a value or the reason why the text is not one.
template <class Value>
class Parsed {
 public:
  Parsed(Value value) : held_(std::move(value)) {}
  Parsed(SpecError error) : held_(std::move(error)) {}

  explicit operator bool() const { return std::holds_alternative<Value>(held_); }
  const Value& operator*() const { return std::get<Value>(held_); }
  Value& operator*() { return std::get<Value>(held_); }
  const Value* operator->() const { return &std::get<Value>(held_); }
  const std::string& error() const { return std::get<SpecError>(held_).message; }

 private:
  std::variant<Value, SpecError> held_;
};

}  // namespace portloop
