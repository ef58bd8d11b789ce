// The definition of the opaque portloop_group.
#pragma once

#include <memory>

#include "engine/shared_budget.hpp"

struct portloop_group {
  std::shared_ptr<portloop::SharedBudget> budget;  // kept by the options and the scans as well
};
