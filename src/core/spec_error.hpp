// The error for text that a user has typed: it quotes the word at fault and lists what is accepted.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace portloop {

/// `message` is one line for the user.
struct SpecError {
  std::string message;
};

/// Quotes a word for an error message. Control bytes and bytes that are not ASCII become \xNN, so that a word from a
/// file can't control the terminal; a long word is truncated.
std::string quote_word(std::string_view word);

/// A value, or an error if the text could not be parsed.
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
