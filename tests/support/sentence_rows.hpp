// Sentences about a comparison and their conditions, as rows: for each a comparison for which it appears, and one for
// which it does not.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <regex>
#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::testing {

using Change = std::function<void(compare::Comparison&)>;

inline void unchanged(compare::Comparison&) {}

inline void each_run(compare::Entry& entry, const std::function<void(compare::RunRecord&)>& change) {
  for (compare::RunRecord& run : entry.runs) change(run);
}

struct SentenceRow {
  const char* condition;
  const char* pattern;  ///< Of the whole sentence.
  Change holds;         ///< Changes the comparison so that the condition holds.
  Change fails;         ///< And so that it does not; empty if it always holds.
};

using Sentences = std::vector<std::string>;

inline bool is_among(const char* pattern, const Sentences& all) {
  const std::regex expression(pattern);
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& sentence) { return std::regex_match(sentence, expression); });
}

/// `sentences_with` returns all sentences about the changed comparison.
inline void check_conditions(const std::vector<SentenceRow>& rows,
                             const std::function<Sentences(const Change&)>& sentences_with) {
  for (const SentenceRow& row : rows) {
    CAPTURE(std::string(row.condition));
    CHECK(is_among(row.pattern, sentences_with(row.holds)));
    if (row.fails) CHECK_FALSE(is_among(row.pattern, sentences_with(row.fails)));
  }
}

/// Each sentence that appears at all has exactly one row.
inline void check_that_rows_are_complete(const std::vector<SentenceRow>& rows,
                                         const std::function<Sentences(const Change&)>& sentences_with) {
  for (const SentenceRow& row : rows) {
    for (const Change& change : {row.holds, row.fails ? row.fails : Change(unchanged)}) {
      for (const std::string& sentence : sentences_with(change)) {
        CAPTURE(sentence);
        CHECK(std::count_if(rows.begin(), rows.end(),
                            [&](const SentenceRow& other) { return is_among(other.pattern, {sentence}); }) == 1);
      }
    }
  }
}

}  // namespace portloop::testing
