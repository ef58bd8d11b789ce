#include "lab/statement_words.hpp"

#include "lab/profile_words.hpp"

namespace portloop::lab {

Outcome no_more_words(Words words) {
  if (words.empty()) return std::nullopt;
  return Fault{words[0], "is one word too many"};
}

Outcome one_word(Words words) {
  if (words.empty()) return Fault{"", "needs a value"};
  return no_more_words(words.subspan(1));
}

std::string_view take_word(Words& words) {
  const std::string_view word = words[0];
  words = words.subspan(1);
  return word;
}

Outcome take_duration(Words& words, std::string_view name, uint64_t& us) {
  const std::string_view first = take_word(words);
  if (first != name) return Fault{first, "is not expected here"};
  if (words.empty()) return Fault{first, "needs a time"};
  const std::string_view time = take_word(words);
  const auto parsed = parse_duration_us(time);
  if (!parsed) return Fault{time, "is not a time"};
  us = *parsed;
  return std::nullopt;
}

}  // namespace portloop::lab
