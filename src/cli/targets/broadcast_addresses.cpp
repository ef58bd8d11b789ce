#include "cli/targets/broadcast_addresses.hpp"

#include <cstdio>
#include <utility>
#include <vector>

#include "sockets/neighbours.hpp"

namespace portloop {

void remove_broadcast_addresses(TargetSet& targets, bool quiet) {
  const auto links = read_link_addresses({});
  if (!links) return;
  std::vector<AddressRange> excluded;
  for (const Address& address : links->broadcast) {
    if (is_loopback(address) || !targets.contains(address)) continue;
    excluded.push_back({address, address});
  }
  if (excluded.empty() || excluded.size() == targets.size()) return;
  for (const AddressRange& range : excluded) {
    if (quiet) break;
    std::fprintf(stderr, "portloop: %s is left out: it is the broadcast address of a network of this machine\n",
                 to_text(range.first).c_str());
  }
  targets = TargetSet(targets.ranges(), std::move(excluded));
}

}  // namespace portloop
