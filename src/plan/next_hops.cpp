#include "plan/next_hops.hpp"

#include <algorithm>

namespace portloop {

NextHops::NextHops(const OwnLinks& links) : links_(links) {
  hops_.reserve(links.known.size() + links.gateways.size());
  for (const KnownNeighbour& known : links.known) {
    hops_.push_back({known.address, known.is_confirmed ? State::confirmed : State::unconfirmed, known.link_address});
  }
  for (const GatewayRange& gateway : links.gateways) hops_.push_back({gateway.gateway, State::unresolved, 0});
  // What is known of a gateway comes first, and stays.
  std::sort(hops_.begin(), hops_.end(), [](const Hop& a, const Hop& b) {
    return a.address != b.address ? a.address < b.address : a.state < b.state;
  });
  hops_.erase(
      std::unique(hops_.begin(), hops_.end(), [](const Hop& a, const Hop& b) { return a.address == b.address; }),
      hops_.end());
}

/// hops_.size() if it is not followed.
size_t NextHops::index_of(const Address& address) const {
  const auto at = std::lower_bound(hops_.begin(), hops_.end(), address,
                                   [](const Hop& hop, const Address& value) { return hop.address < value; });
  return at == hops_.end() || at->address != address ? hops_.size() : static_cast<size_t>(at - hops_.begin());
}

size_t NextHops::index_of_hop(const Address& target) const {
  if (links_.contains(target)) return index_of(target);
  const Address* gateway = links_.gateway_of(target);
  return gateway == nullptr ? hops_.size() : index_of(*gateway);
}

const NextHops::Hop* NextHops::of(const Address& target) const {
  const size_t index = index_of_hop(target);
  return index == hops_.size() ? nullptr : &hops_[index];
}

void NextHops::heard(const Address& target) {
  const size_t index = index_of_hop(target);
  if (index == hops_.size()) return;
  hops_[index].state = State::confirmed;
  hops_[index].missing_since_us = 0;
}

bool NextHops::stays_away(const Address& address, uint64_t now_us) const {
  const size_t index = index_of(address);
  return index != hops_.size() && hops_[index].state == State::absent &&
         now_us - hops_[index].missing_since_us >= max_outage_us;
}

bool NextHops::report(const NeighbourEvent& event, uint64_t now_us) {
  const size_t index = index_of(event.address);
  if (index == hops_.size()) return false;
  Hop& hop = hops_[index];
  switch (event.news) {
    case NeighbourNews::confirmed:
    case NeighbourNews::unconfirmed: {
      const bool is_another =
          event.link_address != 0 && hop.link_address != 0 && event.link_address != hop.link_address;
      if (hop.state == State::unresolved || hop.state == State::absent || is_another) hop.changed_us = now_us;
      if (event.link_address != 0) hop.link_address = event.link_address;
      hop.state = event.news == NeighbourNews::confirmed ? State::confirmed : State::unconfirmed;
      hop.missing_since_us = 0;
      break;
    }
    case NeighbourNews::absent:
      hop.state = State::absent;
      hop.absent_us = now_us;
      if (hop.missing_since_us == 0) hop.missing_since_us = now_us;
      break;
    case NeighbourNews::forgotten:
      if (hop.state != State::absent) hop.state = State::unresolved;
      break;
  }
  return true;
}

}  // namespace portloop
