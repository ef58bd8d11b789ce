// Probes per second against one number, as series of points.
#pragma once

#include "compare/chart.hpp"

namespace portloop::compare {

/// Entries that differ in one number and are sorted by it: drawn with one marker and joined by a line.
struct Series {
  std::string name;
  std::vector<const Entry*> entries;  ///< At least one.
};

struct PointFigure {
  std::string title;
  std::string x_axis;
  double (*x_of)(const Entry&);
  bool logarithmic_x;
};

/// The names are in a key below the plot, so that points can't cover them.
Chart point_chart(const std::vector<Series>& all, const PointFigure& figure);

}  // namespace portloop::compare
