// A figure of horizontal bars, a row for each entry.
#pragma once

#include "compare/chart.hpp"

namespace portloop::compare {

/// What one figure of horizontal bars shows.
struct BarFigure {
  std::string title;
  std::string axis;  ///< With its unit.
  double (*value)(const Entry&);
  double (*deviation)(const Entry&);
  std::string (*label)(double);
};

/// On an axis from 0 where the values are near each other; as dots on a logarithmic one where they are not.
Chart bar_chart(const std::vector<const Entry*>& entries, const BarFigure& figure);

}  // namespace portloop::compare
