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
  std::optional<Address> gateway;  // on a link that resolves neighbours
  size_t number;                   // in the order reported, the preferred ones first
};

// A router of the internet has a million. What each of them leaves to the others is found by looking at all.
constexpr size_t max_gateway_routes = 1000;

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

/// `sorted`: sorted and disjoint.
bool overlaps_any(const std::vector<AddressRange>& sorted, const AddressRange& range) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), range.first,
                                   [](const AddressRange& other, const Address& value) { return other.last < value; });
  return at != sorted.end() && at->first <= range.last;
}

/// Adds the addresses of this machine, and those of whole links.
void add_special_addresses(LinkAddresses& addresses, const rtmsg& route, const Address& prefix) {
  if (route.rtm_type == RTN_BROADCAST && route.rtm_dst_len == 32) addresses.broadcast.push_back(prefix);
  if (route.rtm_type == RTN_LOCAL) addresses.own.push_back(prefix_range(prefix, route.rtm_dst_len));
}

/// All routes, longest prefix first, as the kernel chooses; if `interface` is not 0, for sockets that are bound to it.
/// nullopt if the system does not report them.
std::optional<std::vector<Route>> read_routes(LinkAddresses& addresses, uint32_t interface) {
  const auto devices = devices_with_neighbours();
  if (!devices) return std::nullopt;
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
      const auto device = attributes.number<uint32_t>(RTA_OIF);
      if (is_link_local(*prefix)) prefix->zone = device;
      add_special_addresses(addresses, route, *prefix);
      if (interface != 0 && device != 0 && device != interface) return;  // 0: blackholes, several next hops
      const auto known = devices->find(device);
      const bool one_hop = route.rtm_type == RTN_UNICAST && !attributes.has(RTA_VIA) &&
                           !attributes.has(RTA_MULTIPATH) && known != devices->end() && known->second;
      std::optional<Address> gateway = netlink_address(family, attributes.find(RTA_GATEWAY));
      if (gateway && is_link_local(*gateway)) gateway->zone = device;
      const bool direct = one_hop && !attributes.has(RTA_GATEWAY);
      if (!one_hop) gateway.reset();
      routes.push_back({prefix_range(*prefix, route.rtm_dst_len), route.rtm_dst_len, direct, gateway, routes.size()});
    });
    if (!read) return std::nullopt;
  }
  const auto bound = devices->find(interface);
  if (bound != devices->end() && bound->second && routes.size() <= max_gateway_routes) {
    const Address any{Family::ipv4, 0, 0};
    routes.push_back({prefix_range(any, 0), 0, true, std::nullopt, routes.size()});
  }
  std::sort(routes.begin(), routes.end(), [](const Route& a, const Route& b) {
    return a.prefix_length != b.prefix_length ? a.prefix_length > b.prefix_length : a.number < b.number;
  });
  return routes;
}

}  // namespace

std::optional<LinkAddresses> read_link_addresses(const std::vector<AddressRange>& targets, uint32_t interface) {
  LinkAddresses addresses;
  const auto routes = read_routes(addresses, interface);
  if (!routes) return std::nullopt;
  std::vector<AddressRange> direct;
  size_t gateway_routes = 0;
  for (const Route& route : *routes) {
    if (route.on_link) direct.push_back(route.range);
    gateway_routes += route.gateway && overlaps_any(targets, route.range);
  }
  const bool find_gateways = gateway_routes <= max_gateway_routes;
  // What is neither on-link nor behind a gateway matters only within what is.
  std::vector<AddressRange> claimed;
  for (const Route& route : *routes) {
    const bool matters =
        std::any_of(direct.begin(), direct.end(), [&](const auto& range) { return overlap(range, route.range); }) ||
        (find_gateways && overlaps_any(targets, route.range));
    if (!matters) continue;
    const TargetSet rest({route.range}, claimed);
    for (const AddressRange& range : rest.ranges()) {
      if (route.on_link) addresses.on_link.push_back(range);
      if (route.gateway && find_gateways) addresses.gateways.push_back({range, *route.gateway});
    }
    claimed.push_back(route.range);
  }
  addresses.on_link = TargetSet(addresses.on_link, {}).ranges();
  addresses.own = TargetSet(addresses.own, {}).ranges();
  std::sort(addresses.gateways.begin(), addresses.gateways.end(),
            [](const auto& a, const auto& b) { return a.range.first < b.range.first; });
  std::sort(addresses.broadcast.begin(), addresses.broadcast.end());
  return addresses;
}

uint32_t NeighbourTable::room(uint32_t held) const {
  const uint32_t others = entries - std::min(entries, collectable + held);
  return std::max(1U, max_entries - std::min(max_entries, max_entries / 8 + others));
}

uint32_t NeighbourTable::room_without_others(uint32_t held) const {
  const uint32_t others = in_use - std::min(in_use, held);
  return std::max(1U, max_entries - std::min(max_entries, max_entries / 8 + others));
}

namespace {

/// How the kernel makes room when a table is full (net/core/neighbour.c, neigh_forced_gc()).
enum class Collection : uint8_t {
  exempt,   ///< The entry does not count.
  at_once,  ///< It is discarded.
  later,    ///< It is in use, or was changed in the last 5 s.
};

Collection collection_of(const nlmsghdr& message, const ndmsg& neighbour) {
  constexpr uint32_t ticks_per_s = 100;  // USER_HZ
  if ((neighbour.ndm_state & NUD_PERMANENT) != 0 || (neighbour.ndm_flags & NTF_EXT_LEARNED) != 0)
    return Collection::exempt;
  if ((neighbour.ndm_state & (NUD_FAILED | NUD_NOARP)) != 0) return Collection::at_once;
  const auto cache = NetlinkAttributes(message, neighbour).number<nda_cacheinfo>(NDA_CACHEINFO);
  return cache.ndm_refcnt == 0 && cache.ndm_updated > 5 * ticks_per_s ? Collection::at_once : Collection::later;
}

void count_entries(NeighbourTable& table, unsigned char family) {
  ndmsg all{};
  all.ndm_family = family;
  netlink_dump(RTM_GETNEIGH, &all, sizeof all, [&](const nlmsghdr& message) {
    if (message.nlmsg_type != RTM_NEWNEIGH) return;
    const auto& neighbour = *static_cast<const ndmsg*>(NLMSG_DATA(&message));
    const Collection collection = collection_of(message, neighbour);
    if (collection == Collection::exempt && table.entries > 0) --table.entries;
    table.collectable += collection == Collection::at_once;
    table.in_use += collection == Collection::later;
  });
}

}  // namespace

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
    const auto interval_ms = defaults.number<uint64_t>(NDTPA_RETRANS_TIME);
    table.emplace();
    table->max_entries = attributes.number<uint32_t>(NDTA_THRESH3);
    table->entries = config.ndtc_entries;
    table->overflows = statistics.ndts_table_fulls;
    table->resolve_ms = static_cast<uint32_t>(defaults.number<uint32_t>(NDTPA_MCAST_PROBES) * interval_ms);
    table->confirm_ms = static_cast<uint32_t>(defaults.number<uint64_t>(NDTPA_DELAY_PROBE_TIME) +
                                              defaults.number<uint32_t>(NDTPA_UCAST_PROBES) * interval_ms);
  });
  if (!read || !table || table->max_entries == 0) return std::nullopt;
  count_entries(*table, request.ndtm_family);
  return table;
}

namespace {

/// nullopt if nothing is known of the neighbour yet.
std::optional<NeighbourNews> news_of(const nlmsghdr& message, const ndmsg& neighbour) {
  if (message.nlmsg_type == RTM_DELNEIGH) return NeighbourNews::forgotten;
  if ((neighbour.ndm_state & (NUD_REACHABLE | NUD_PERMANENT)) != 0) return NeighbourNews::confirmed;
  if ((neighbour.ndm_state & (NUD_STALE | NUD_DELAY | NUD_PROBE)) != 0) return NeighbourNews::unconfirmed;
  if ((neighbour.ndm_state & NUD_FAILED) != 0) return NeighbourNews::absent;
  return std::nullopt;
}

std::optional<NeighbourEvent> neighbour_event(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWNEIGH && message.nlmsg_type != RTM_DELNEIGH) return std::nullopt;
  const auto& neighbour = *static_cast<const ndmsg*>(NLMSG_DATA(&message));
  if (neighbour.ndm_family != AF_INET && neighbour.ndm_family != AF_INET6) return std::nullopt;
  const std::optional<NeighbourNews> news = news_of(message, neighbour);
  const NetlinkAttributes attributes(message, neighbour);
  std::optional<Address> address = netlink_address(neighbour.ndm_family, attributes.find(NDA_DST));
  if (!news || !address) return std::nullopt;
  if (is_link_local(*address)) address->zone = static_cast<uint32_t>(neighbour.ndm_ifindex);
  NeighbourEvent event{*address, *news};
  for (const char byte : attributes.find(NDA_LLADDR))
    event.link_address = event.link_address << 8 | static_cast<unsigned char>(byte);
  event.interface = static_cast<uint32_t>(neighbour.ndm_ifindex);
  return event;
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
