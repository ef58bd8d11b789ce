// What a watch remembers from one run to the next: one text file, replaced atomically after each round.
//
// What goes wrong:
//   - the process is killed: the file is that of the last round that has ended. Changes that were reported after
//     it are reported once more
//   - the file is damaged, or is something else: UsageError, and it is not replaced
//   - the targets or ports of the next run are others: what the file has of them is used, the rest is learned
#pragma once

#include <cstdint>
#include <string>

#include "cli/watch/all_open_hosts.hpp"
#include "cli/watch/change_filter.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// Counters since the watch began, in all runs.
struct WatchCounts {
  uint64_t rounds = 0;
  uint64_t opened = 0;
  uint64_t closed = 0;
  uint64_t changed = 0;
};

/// The endpoints are numbered host by host, port by port.
std::string watch_state_text(const ChangeFilter& filter, const AllOpenHosts& all_open, const TargetSet& targets,
                             const PortSet& ports, const WatchCounts& counts);

/// Restores what the file has of these targets and ports. Nothing happens if there is no such file. Throws UsageError.
void read_watch_state(const std::string& path, const TargetSet& targets, const PortSet& ports, ChangeFilter& filter,
                      AllOpenHosts& all_open, WatchCounts& counts);

}  // namespace portloop
