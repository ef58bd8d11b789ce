// A figure of horizontal bars, one row for each entry: a bar to the mean of the runs, the interval of the mean, and a
// dot for each run.
#pragma once

#include "compare/chart.hpp"

namespace portloop::compare {

struct BarFigure {
  std::string title;
  std::string axis;                   ///< The axis label.
  double (*value)(const RunRecord&);  ///< Of one run.
  std::string (*label)(double);
};

/// Draws bars on a linear axis, or dots on a logarithmic one if the values are far apart.
Chart bar_chart(const std::vector<const Entry*>& entries, const BarFigure& figure);

}  // namespace portloop::compare
