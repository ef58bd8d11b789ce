// How long the runs of a comparison will take. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "compare/comparison.hpp"

namespace portloop::compare {

/// A model's own runs are the best forecast. Before its first one: the answered probes wait `answer_s` each and the
/// silent ones the timeout, as many at a time as the model has in flight. How many are silent is known after the first
/// run of any model; until then the forecast is a lower bound.
class Forecast {
 public:
  /// `answer_s`: how long an answer takes. The setup must outlive the forecast.
  Forecast(const Setup& setup, size_t models, double answer_s);

  /// Call it after each run, warm-up runs included.
  void add(size_t model, const RunRecord& record);
  double run_s(size_t model, const Contender& contender) const;
  /// How long a guest may take before it is taken for hanging. Until the first run of any model every port counts as
  /// silent.
  double limit_s(const Contender& contender) const;
  /// Of all runs that are left. A failed model has none.
  double remaining_s(const std::vector<Entry>& entries) const;

 private:
  struct Model {
    uint32_t runs = 0;
    double total_s = 0;
  };

  double computed_s(const Contender& contender, uint64_t silent) const;

  const Setup& setup_;
  std::vector<Model> models_;
  double answer_s_;
  uint64_t silent_ = 0;
  bool any_run_ = false;
};

/// How many connects a model may have in flight.
uint64_t max_in_flight(const Contender& contender, uint64_t probes);

}  // namespace portloop::compare
