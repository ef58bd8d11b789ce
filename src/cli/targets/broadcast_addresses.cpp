#include "cli/targets/broadcast_addresses.hpp"

#include "sockets/neighbours.hpp"

namespace portloop {

std::vector<Address> remove_broadcast_addresses(TargetSet& targets) {
  std::vector<Address> removed;
  const auto links = read_link_addresses();
  if (!links) return removed;
  std::vector<AddressRange> excluded;
  for (const Address& address : links->broadcast) {
    if (is_loopback(address) || !targets.contains(address)) continue;
    removed.push_back(address);
    excluded.push_back({address, address});
  }
  if (removed.empty() || removed.size() == targets.size()) return {};
  targets = TargetSet(targets.ranges(), std::move(excluded));
  return removed;
}

}  // namespace portloop
