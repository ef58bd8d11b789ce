// The command's own Ethernet link: which addresses are on it.
#pragma once

#include <optional>
#include <vector>

#include "core/address.hpp"

namespace portloop::lab {

struct EthernetLink {
  /// An address of the command, and the length of its network's prefix.
  struct Own {
    Address address;
    unsigned bits = 0;

    bool network_contains(const Address& other) const;
    /// IPv4 only: the first and the last address of the network, which no host has.
    bool is_network_or_broadcast(const Address& other) const;
  };

  std::vector<Own> own;           ///< One IPv4 address, then at most one IPv6 address.
  std::vector<Address> gateways;  ///< At most one for each family.
  double broadcast_loss = 0;      ///< Share of ARP requests and multicast neighbour solicitations that are lost, 0-1.

  const Own* own_of(Family family) const;
  const Address* gateway_of(Family family) const;
  bool is_own(const Address& address) const;
  bool contains(const Address& address) const;
  bool is_network_or_broadcast(const Address& address) const;
  /// The IPv4 network's last address.
  Address broadcast() const;
};

}  // namespace portloop::lab
