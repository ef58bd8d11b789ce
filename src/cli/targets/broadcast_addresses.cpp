#include "cli/targets/broadcast_addresses.hpp"

#include <utility>
#include <vector>

#include "sockets/neighbours.hpp"

namespace portloop {

std::vector<Address> own_broadcast_addresses() {
  std::vector<Address> own;
  const auto links = read_link_addresses({});
  if (!links) return own;
  for (const Address& address : links->broadcast) {
    if (!is_loopback(address)) own.push_back(address);
  }
  return own;
}

std::string broadcast_note(const Address& address) {
  return to_text(address) + " is left out: it is the broadcast address of a network of this machine";
}

std::vector<Address> remove_broadcast_addresses(TargetSet& targets) {
  std::vector<Address> removed;
  std::vector<AddressRange> excluded;
  for (const Address& address : own_broadcast_addresses()) {
    if (!targets.contains(address)) continue;
    removed.push_back(address);
    excluded.push_back({address, address});
  }
  if (removed.empty() || removed.size() == targets.size()) return {};
  targets = TargetSet(targets.ranges(), std::move(excluded));
  return removed;
}

}  // namespace portloop
