// The limits that control groups set for this process.
#pragma once

#include <string>

namespace portloop::compare {

/// Both are "none" if no group that is visible to this process sets one. `root` is where the file system of control
/// groups is mounted, and `self` the process's list of groups; both versions of control groups are read.
struct GroupLimits {
  std::string pids = "none";   ///< The lowest number of processes and threads.
  std::string quota = "none";  ///< The lowest number of processors, such as "1.50 processors".
  double processors = 0;       ///< The number in `quota`; 0 if there is none.
};
GroupLimits read_group_limits(const std::string& root = "/sys/fs/cgroup",
                              const std::string& self = "/proc/self/cgroup");

}  // namespace portloop::compare
