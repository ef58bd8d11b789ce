// A comparison in plain language: what was compared, and what the numbers say. Computed, never canned: each
// sentence is there only where its numbers are. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// One or two lines: the scan that all models did.
std::string heading_text(const Comparison& comparison);

/// The sentences, in the order in which they are read.
std::vector<std::string> sentences(const Comparison& comparison);

/// The sentences as a paragraph of at most 100 columns, a newline last.
std::string words_text(const Comparison& comparison);

}  // namespace portloop::compare
