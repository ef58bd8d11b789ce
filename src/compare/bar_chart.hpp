// A figure of horizontal bars, one row for each entry.
#pragma once

#include "compare/chart.hpp"

namespace portloop::compare {

struct BarFigure {
  std::string title;
  std::string axis;  ///< The axis label, with its unit.
  double (*value)(const Entry&);
  double (*deviation)(const Entry&);
  std::string (*label)(double);
};

/// Draws bars on a linear axis, or dots on a logarithmic one if the values are far apart.
Chart bar_chart(const std::vector<const Entry*>& entries, const BarFigure& figure);

}  // namespace portloop::compare
