#include "sockets/neighbours.hpp"

#include <linux/neighbour.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "sockets/netlink.hpp"

namespace portloop {
namespace {

struct Route {
  AddressRange range;
  uint8_t prefix_length;
  bool on_link;
  size_t number;  // in the order reported, the preferred ones first
};

/// Devices that resolve neighbours, by index: not loopback, not point-to-point, not those without ARP.
std::optional<std::map<uint32_t, bool>> devices_with_neighbours() {
  std::map<uint32_t, bool> devices;
  ifinfomsg request{};
  const bool read = netlink_dump(RTM_GETLINK, &request, sizeof request, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWLINK) return;
    const auto& link = *static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
    devices[static_cast<uint32_t>(link.ifi_index)] =
        (link.ifi_flags & (IFF_LOOPBACK | IFF_POINTOPOINT | IFF_NOARP)) == 0;
  });
  if (!read) return std::nullopt;
  return devices;
}

/// The addresses that begin with the first `length` bits of `prefix`.
AddressRange prefix_range(Address prefix, uint8_t length) {
  const unsigned host_bits = address_bits(prefix.family) - length;
  const uint128 mask = host_bits == 128 ? ~uint128{0} : (uint128{1} << host_bits) - 1;
  prefix.value &= ~mask;
  Address last = prefix;
  last.value |= mask;
  return {prefix, last};
}

bool is_link_local(const Address& address) {
  return address.family == Family::ipv6 && address.value >> 118 == 0xfe80 >> 6;
}

bool overlap(const AddressRange& a, const AddressRange& b) { return a.first <= b.last && b.first <= a.last; }

/// Adds what `range` has beyond `claimed`.
void add_unclaimed(std::vector<AddressRange>& ranges, const AddressRange& range,
                   const std::vector<AddressRange>& claimed) {
  const TargetSet rest({range}, claimed);
  ranges.insert(ranges.end(), rest.ranges().begin(), rest.ranges().end());
}

}  // namespace

std::optional<LinkAddresses> read_link_addresses() {
  const auto devices = devices_with_neighbours();
  if (!devices) return std::nullopt;
  LinkAddresses addresses;
  std::vector<Route> routes;
  for (const auto family : {uint8_t{AF_INET}, uint8_t{AF_INET6}}) {
    rtmsg request{};
    request.rtm_family = family;
    const bool read = netlink_dump(RTM_GETROUTE, &request, sizeof request, [&](const nlmsghdr& message) {
      if (message.nlmsg_type != RTM_NEWROUTE) return;
      const auto& route = *static_cast<const rtmsg*>(NLMSG_DATA(&message));
      const NetlinkAttributes attributes(message, route);
      std::optional<Address> prefix = netlink_address(family, attributes.find(RTA_DST));
      if (!prefix) {
        if (route.rtm_dst_len != 0) return;
        prefix = Address{family == AF_INET ? Family::ipv4 : Family::ipv6, 0, 0};
      }
      if (route.rtm_type == RTN_BROADCAST && route.rtm_dst_len == 32) addresses.broadcast.push_back(*prefix);
      const auto device = attributes.number<uint32_t>(RTA_OIF);
      const auto known = devices->find(device);
      const bool direct = route.rtm_type == RTN_UNICAST && !attributes.has(RTA_GATEWAY) && !attributes.has(RTA_VIA) &&
                          !attributes.has(RTA_MULTIPATH) && known != devices->end() && known->second;
      if (is_link_local(*prefix)) prefix->zone = device;
      if (route.rtm_type == RTN_LOCAL) addresses.own.push_back(prefix_range(*prefix, route.rtm_dst_len));
      routes.push_back({prefix_range(*prefix, route.rtm_dst_len), route.rtm_dst_len, direct, routes.size()});
    });
    if (!read) return std::nullopt;
  }
  // Longest prefix first, as the kernel chooses; what is not on-link matters only within what is.
  std::sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) {
    return a.prefix_length != b.prefix_length ? a.prefix_length > b.prefix_length : a.number < b.number;
  });
  std::vector<AddressRange> direct, claimed;
  for (const Route& route : routes) {
    if (route.on_link) direct.push_back(route.range);
  }
  for (const Route& route : routes) {
    if (std::none_of(direct.begin(), direct.end(), [&](const auto& range) { return overlap(range, route.range); }))
      continue;
    if (route.on_link) add_unclaimed(addresses.on_link, route.range, claimed);
    claimed.push_back(route.range);
  }
  addresses.on_link = TargetSet(addresses.on_link, {}).ranges();
  addresses.own = TargetSet(addresses.own, {}).ranges();
  std::sort(addresses.broadcast.begin(), addresses.broadcast.end());
  return addresses;
}

uint32_t NeighbourTable::room(uint32_t held) const {
  const uint32_t reserve = max_entries / 8;
  const uint32_t others = entries - std::min(entries, collectable + held);
  return std::max(1U, max_entries - std::min(max_entries, reserve + others));
}

std::optional<NeighbourTable> read_neighbour_table(Family family) {
  std::optional<NeighbourTable> table;
  ndtmsg request{};
  request.ndtm_family = family == Family::ipv4 ? AF_INET : AF_INET6;
  const bool read = netlink_dump(RTM_GETNEIGHTBL, &request, sizeof request, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWNEIGHTBL) return;
    const auto& header = *static_cast<const ndtmsg*>(NLMSG_DATA(&message));
    const NetlinkAttributes attributes(message, header);
    // The first message of a family is the table itself; those of devices have neither thresholds nor statistics.
    if (header.ndtm_family != request.ndtm_family || !attributes.has(NDTA_THRESH3)) return;
    const NetlinkAttributes defaults(attributes.find(NDTA_PARMS));
    const auto config = attributes.number<ndt_config>(NDTA_CONFIG);
    const auto statistics = attributes.number<ndt_stats>(NDTA_STATS);
    table.emplace();
    table->max_entries = attributes.number<uint32_t>(NDTA_THRESH3);
    table->entries = config.ndtc_entries;
    table->overflows = statistics.ndts_table_fulls;
    table->resolve_ms = static_cast<uint32_t>(defaults.number<uint32_t>(NDTPA_MCAST_PROBES) *
                                              defaults.number<uint64_t>(NDTPA_RETRANS_TIME));
  });
  if (!read || !table || table->max_entries == 0) return std::nullopt;
  ndmsg all{};
  all.ndm_family = request.ndtm_family;
  netlink_dump(RTM_GETNEIGH, &all, sizeof all, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWNEIGH) return;
    const auto& neighbour = *static_cast<const ndmsg*>(NLMSG_DATA(&message));
    table->collectable += (neighbour.ndm_state & NUD_FAILED) != 0;
  });
  return table;
}

namespace {

/// nullopt if the message leaves open whether there is such a neighbour.
std::optional<NeighbourEvent> neighbour_event(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWNEIGH) return std::nullopt;
  const auto& neighbour = *static_cast<const ndmsg*>(NLMSG_DATA(&message));
  constexpr uint16_t found = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
  if ((neighbour.ndm_state & (found | NUD_FAILED)) == 0) return std::nullopt;
  if (neighbour.ndm_family != AF_INET && neighbour.ndm_family != AF_INET6) return std::nullopt;
  std::optional<Address> address =
      netlink_address(neighbour.ndm_family, NetlinkAttributes(message, neighbour).find(NDA_DST));
  if (!address) return std::nullopt;
  if (is_link_local(*address)) address->zone = static_cast<uint32_t>(neighbour.ndm_ifindex);
  return NeighbourEvent{*address, (neighbour.ndm_state & found) != 0};
}

}  // namespace

NeighbourEvents::~NeighbourEvents() { close(); }

int NeighbourEvents::open() {
  if (const int error_number = open_netlink(RTMGRP_NEIGH, SOCK_NONBLOCK, fd_); error_number != 0) return error_number;
  // Neighbours that are looked for together fail together, hundreds in a millisecond. The kernel caps this (rmem_max).
  const int bytes = 4 << 20;
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  return 0;
}

void NeighbourEvents::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool NeighbourEvents::read(std::vector<NeighbourEvent>& events) const {
  alignas(nlmsghdr) std::array<char, 8192> datagram;
  bool complete = true;
  for (;;) {
    const ssize_t length = recv(fd_, datagram.data(), datagram.size(), MSG_TRUNC);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == ENOBUFS) {  // the queue was full: events were dropped
      complete = false;
      continue;
    }
    if (length <= 0) return complete;
    if (static_cast<size_t>(length) > datagram.size()) {
      complete = false;
      continue;
    }
    for_each_message({datagram.data(), static_cast<size_t>(length)}, [&](const nlmsghdr& message) {
      if (const auto event = neighbour_event(message)) events.push_back(*event);
    });
  }
}

std::vector<NeighbourEvent> current_neighbours() {
  std::vector<NeighbourEvent> events;
  ndmsg all{};
  netlink_dump(RTM_GETNEIGH, &all, sizeof all, [&](const nlmsghdr& message) {
    if (const auto event = neighbour_event(message)) events.push_back(*event);
  });
  return events;
}

}  // namespace portloop
