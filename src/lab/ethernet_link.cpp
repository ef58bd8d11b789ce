#include "lab/ethernet_link.hpp"

#include <algorithm>

namespace portloop::lab {

bool EthernetLink::Own::network_contains(const Address& other) const {
  const unsigned host_bits = address_bits(address.family) - bits;
  return other.family == address.family && other.value >> host_bits == address.value >> host_bits;
}

bool EthernetLink::Own::is_network_or_broadcast(const Address& other) const {
  if (address.family != Family::ipv4 || !network_contains(other)) return false;
  const uint128 host_mask = (uint128{1} << (address_bits(Family::ipv4) - bits)) - 1;
  return (other.value & host_mask) == 0 || (other.value & host_mask) == host_mask;
}

const EthernetLink::Own* EthernetLink::own_of(Family family) const {
  const auto found = std::find_if(own.begin(), own.end(), [&](const Own& one) { return one.address.family == family; });
  return found == own.end() ? nullptr : &*found;
}

const Address* EthernetLink::gateway_of(Family family) const {
  const auto found =
      std::find_if(gateways.begin(), gateways.end(), [&](const Address& one) { return one.family == family; });
  return found == gateways.end() ? nullptr : &*found;
}

bool EthernetLink::is_own(const Address& address) const {
  const Own* one = own_of(address.family);
  return one != nullptr && one->address == address;
}

bool EthernetLink::contains(const Address& address) const {
  const Own* one = own_of(address.family);
  return one != nullptr && one->network_contains(address);
}

bool EthernetLink::is_network_or_broadcast(const Address& address) const {
  const Own* one = own_of(address.family);
  return one != nullptr && one->is_network_or_broadcast(address);
}

Address EthernetLink::broadcast() const {
  Address last = own.front().address;
  last.value |= (uint128{1} << (address_bits(Family::ipv4) - own.front().bits)) - 1;
  return last;
}

}  // namespace portloop::lab
