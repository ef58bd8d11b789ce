// Charts as SVG for the HTML page. Pure functions. Colours are the page's CSS variables, so that they follow its light
// and dark modes. Text is 14 units high in a chart 400 units wide, which is still readable on a phone.
#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// One figure: its title, and an <svg> element with a description for screen readers.
struct Chart {
  std::string title;
  std::string svg;
};

/// The charts that the comparison has data for, in display order.
std::vector<Chart> charts_of(const Comparison& comparison);

}  // namespace portloop::compare
