// Shared by the tests of what a comparison is printed as.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include "compare/words.hpp"
#include "support/made_comparison.hpp"

namespace portloop::testing {

inline compare::Comparison evaluated(compare::Comparison comparison = made_comparison()) {
  compare::evaluate(comparison);
  return comparison;
}

/// Not columns_of(), which the tables are laid out with.
inline size_t columns(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

inline size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, columns(line));
  return widest;
}

inline std::string all_sentences(const compare::Comparison& comparison) {
  std::string text;
  for (const std::string& sentence : compare::sentences(comparison)) text += sentence + '\n';
  return text;
}

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

inline size_t count_of(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace portloop::testing
