#include "compare/control_group.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace portloop::compare {
namespace {

/// The numbers at the start of a file; "max" or -1, no limit, ends them.
std::vector<double> numbers_in(const std::string& path) {
  std::vector<double> numbers;
  std::ifstream file(path);
  for (double number = 0; file >> number && number >= 0;) numbers.push_back(number);
  return numbers;
}

struct Lowest {
  std::optional<double> pids, processors;

  static void lower(std::optional<double>& lowest, double value) { lowest = lowest ? std::min(*lowest, value) : value; }
  void read(const std::string& folder) {
    if (const auto pids_max = numbers_in(folder + "/pids.max"); !pids_max.empty()) lower(pids, pids_max[0]);
    if (const auto cpu_max = numbers_in(folder + "/cpu.max"); cpu_max.size() == 2 && cpu_max[1] > 0)
      lower(processors, cpu_max[0] / cpu_max[1]);  // version 2
    const auto quota = numbers_in(folder + "/cpu.cfs_quota_us"), period = numbers_in(folder + "/cpu.cfs_period_us");
    if (!quota.empty() && !period.empty() && period[0] > 0) lower(processors, quota[0] / period[0]);  // version 1
  }
};

}  // namespace

GroupLimits read_group_limits(const std::string& root, const std::string& self) {
  Lowest lowest;
  std::ifstream groups(self);
  // "4:memory,pids:/a/b" for version 1, which is mounted by controller; "0::/a/b" for version 2.
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    std::istringstream controllers(line.substr(first + 1, second - first - 1) + ',');
    for (std::string controller; std::getline(controllers, controller, ',');) {
      std::string mount = root;
      if (!controller.empty()) mount.append("/").append(controller);
      // A group is limited by those above it, too.
      for (std::string group = path;; group.resize(group.rfind('/'))) {
        lowest.read(mount + group);
        if (group.find('/') == std::string::npos) break;
      }
    }
  }
  GroupLimits limits;
  char text[48];
  if (lowest.pids) {
    std::snprintf(text, sizeof text, "%.0f", *lowest.pids);
    limits.pids = text;
  }
  if (lowest.processors) {
    std::snprintf(text, sizeof text, "%.2f processors", *lowest.processors);
    limits.quota = text;
    limits.processors = *lowest.processors;
  }
  return limits;
}

}  // namespace portloop::compare
