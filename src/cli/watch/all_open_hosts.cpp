#include "cli/watch/all_open_hosts.hpp"

namespace portloop {

std::vector<AllOpenHosts::Change> AllOpenHosts::end_round(bool learns) {
  std::vector<Change> changes;
  for (const Address& address : refusing_) {
    if (found_.contains(address)) continue;
    reported_.erase(address);
    changes.push_back({address, false});
  }
  for (const Address& address : found_) {
    if (reported_.insert(address).second && !learns) changes.push_back({address, true});
  }
  abandon_round();
  return changes;
}

void AllOpenHosts::abandon_round() {
  found_.clear();
  refusing_.clear();
}

}  // namespace portloop
