// A comparison in plain language: what was compared, and what follows from the numbers. Each sentence is computed, and
// left out if the numbers do not support it. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// One or two lines that describe the scan that all models made.
std::string heading_text(const Comparison& comparison);

/// The sentences, in reading order.
std::vector<std::string> sentences(const Comparison& comparison);

/// The sentences as a paragraph of at most 100 columns, ending in a newline.
std::string words_text(const Comparison& comparison);

}  // namespace portloop::compare
