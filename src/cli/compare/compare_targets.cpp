#include "cli/compare/compare_targets.hpp"

#include <algorithm>

#include "cli/system/event_loop.hpp"

namespace portloop {

TargetList targets_of(const CompareRequest& request) {
  EventLoop loop;
  return collect_targets(request.targets, request.ports.size(), loop.get(), "a comparison");
}

bool only_loopback(const TargetSet& targets) {
  return std::all_of(targets.ranges().begin(), targets.ranges().end(),
                     [](const AddressRange& range) { return is_loopback(range.first) && is_loopback(range.last); });
}

}  // namespace portloop
