// A comparison in plain language: what was compared, and what follows from the numbers. Each sentence is computed, and
// left out if the numbers do not support it. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// Lines of at most `columns` columns that describe the scan that all models made.
std::string heading_text(const Comparison& comparison, size_t columns);

/// The sentences, in reading order.
std::vector<std::string> sentences(const Comparison& comparison);

/// Lines of at most `columns` columns, each ending in a newline. No line ends between words that belong together.
std::string paragraph(const std::vector<std::string>& sentences, size_t columns);

/// The sentences as a paragraph.
std::string words_text(const Comparison& comparison, size_t columns);

}  // namespace portloop::compare
