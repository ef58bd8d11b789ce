// Groups: scans that share limits.
#include "capi/group.hpp"

#include <new>

#include "capi/options.hpp"

using namespace portloop;

extern "C" {

portloop_group* portloop_group_new(void) {
  try {
    return new portloop_group{std::make_shared<SharedBudget>()};
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void portloop_group_free(portloop_group* group) { delete group; }

int portloop_group_set_in_flight(portloop_group* group, uint32_t connects) {
  if (connects < 1 || connects > max_in_flight) return UV_EINVAL;
  group->budget->set_max_in_flight(connects);
  return 0;
}

int portloop_group_set_rate(portloop_group* group, double connects_per_second) {
  if (!(connects_per_second >= 0) || connects_per_second > max_rate_per_s) return UV_EINVAL;
  group->budget->set_max_rate(connects_per_second);
  return 0;
}

int portloop_options_set_group(portloop_options* options, portloop_group* group) {
  options->scanner.budget = group == nullptr ? nullptr : group->budget;
  options->error.clear();
  return 0;
}

}  // extern "C"
