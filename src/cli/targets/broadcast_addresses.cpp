#include "cli/targets/broadcast_addresses.hpp"

#include <utility>
#include <vector>

#include "cli/terminal/note.hpp"
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

void report_broadcast_address(const Address& address) {
  print_note(to_text(address) + " is left out: it is the broadcast address of a network of this machine");
}

void remove_broadcast_addresses(TargetSet& targets, bool quiet) {
  std::vector<AddressRange> excluded;
  for (const Address& address : own_broadcast_addresses()) {
    if (targets.contains(address)) excluded.push_back({address, address});
  }
  if (excluded.empty() || excluded.size() == targets.size()) return;
  for (const AddressRange& range : excluded) {
    if (!quiet) report_broadcast_address(range.first);
  }
  targets = TargetSet(targets.ranges(), std::move(excluded));
}

}  // namespace portloop
