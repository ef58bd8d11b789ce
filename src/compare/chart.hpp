// Charts as SVG for the page: pure functions from a comparison to text. Colours are the page's CSS variables,
// so that they follow light and dark; text is 14 units of a chart's 400, which a phone still shows readably.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// One figure: its title, and the <svg> with its own description for those who can't see it.
struct Chart {
  std::string title;
  std::string svg;
};

/// The charts for which the comparison has data, in the order in which they are shown.
std::vector<Chart> charts_of(const Comparison& comparison);

}  // namespace portloop::compare
