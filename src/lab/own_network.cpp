// The happy path: new namespaces; /dev/net/tun, opened inside them, provides a device that exists only there; it gets a
// long queue, one address of each family, and both default routes. An Ethernet link has the addresses and gateways of
// its profile instead, and a route to the address of marks.
//
// What can fail: the system allows no user namespaces, or only without their capabilities (AppArmor); /dev/net/tun does
// not exist or can't be opened. The causes are distinguished, so that the error message can suggest a remedy.
#include "lab/own_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "lab/arrival_clock.hpp"
#include "lab/ip_header.hpp"
#include "lab/own_namespaces.hpp"

namespace portloop::lab {

namespace {

using Failure = std::optional<std::string>;

constexpr char device_name[] = "lab0";

// The kernel's default of 500 would drop bursts that a real network accepts: 16,000 connects can start in one turn.
constexpr uint32_t queue_packets = 65536;

std::string tun_forbidden(const char* step) {
  const std::string what = std::string("this system forbids TUN devices (") + step + ": " + errno_text() + "): ";
  switch (errno) {
    case ENOENT:
    case ENODEV:
    case ENXIO: return what + "load the driver with 'modprobe tun' (in a container, pass --device /dev/net/tun)";
    case EACCES: return what + "allow it with 'chmod 666 /dev/net/tun', or run as root";
    case EPERM:
      if (first_line_of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
        return what + "allow it with 'sysctl kernel.apparmor_restrict_unprivileged_userns=0', or run as root";
      }
      return what + "run as root, or in a container allow /dev/net/tun (for Docker: --device /dev/net/tun)";
    default: return what + "check whether /dev/net/tun works on this machine";
  }
}

ifreq named(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

sockaddr ipv4_sockaddr(const Address& address) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_addr.s_addr = htonl(static_cast<uint32_t>(address.value));
  sockaddr plain{};
  std::memcpy(&plain, &ipv4, sizeof plain);
  return plain;
}

in6_addr ipv6_bytes(const Address& address) {
  in6_addr bytes{};
  write_address(bytes.s6_addr, address);
  return bytes;
}

Failure failed(const char* step) {
  return std::string("cannot set up the simulated network: ") + step + ": " + errno_text();
}

Failure bring_up(int control, const char* name) {
  ifreq request = named(name);
  if (ioctl(control, SIOCGIFFLAGS, &request) != 0) return failed("reading the device's flags");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (ioctl(control, SIOCSIFFLAGS, &request) != 0) return failed("bringing the device up");
  return std::nullopt;
}

/// Uses netlink: SIOCSIFTXQLEN requires root of the initial namespace.
Failure lengthen_queue() {
  struct {
    nlmsghdr header;
    ifinfomsg link;
    rtattr attribute;
    uint32_t queue_packets;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_family = AF_UNSPEC;
  request.link.ifi_index = static_cast<int>(if_nametoindex(device_name));
  request.attribute.rta_len = RTA_LENGTH(sizeof request.queue_packets);
  request.attribute.rta_type = IFLA_TXQLEN;
  request.queue_packets = queue_packets;
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char quoted[sizeof request];
  } answer{};
  Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink || send(netlink.get(), &request, sizeof request, 0) < 0 ||
      recv(netlink.get(), &answer, sizeof answer, 0) < 0) {
    return failed("the device's queue");
  }
  errno = -answer.error.error;
  return errno == 0 ? std::nullopt : failed("the device's queue");
}

/// The IPv4 addresses that the device has: on an Ethernet link those of the profile.
EthernetLink::Own own_ipv4(const std::optional<EthernetLink>& link) {
  if (link) return link->own.front();
  return {*parse_address(own_ipv4_address), address_bits(Family::ipv4)};
}

Failure add_ipv4_address(int control, const EthernetLink::Own& own) {
  ifreq request = named(device_name);
  request.ifr_addr = ipv4_sockaddr(own.address);
  if (ioctl(control, SIOCSIFADDR, &request) != 0) return failed("the IPv4 address");
  Address mask{Family::ipv4, 0, highest_value(Family::ipv4)};
  mask.value = mask.value >> (address_bits(Family::ipv4) - own.bits) << (address_bits(Family::ipv4) - own.bits);
  request.ifr_netmask = ipv4_sockaddr(mask);
  if (ioctl(control, SIOCSIFNETMASK, &request) != 0) return failed("the length of the IPv4 prefix");
  return std::nullopt;
}

/// Adds a route to `destination`, or the default route if it is 0.0.0.0: through a gateway, or to the device.
Failure add_ipv4_route(int control, const Address& destination, const Address* gateway) {
  const bool is_default = destination.value == 0;
  char route_device[] = "lab0";
  rtentry route{};
  route.rt_dst = ipv4_sockaddr(destination);
  route.rt_genmask = ipv4_sockaddr({Family::ipv4, 0, is_default ? uint128{0} : highest_value(Family::ipv4)});
  route.rt_flags = RTF_UP | (is_default ? 0 : RTF_HOST);
  route.rt_dev = route_device;
  if (gateway != nullptr) {
    route.rt_flags |= RTF_GATEWAY;
    route.rt_gateway = ipv4_sockaddr(*gateway);
  }
  if (ioctl(control, SIOCADDRT, &route) != 0) return failed("an IPv4 route");
  return std::nullopt;
}

/// Nothing answers for the address of marks, so its neighbour entry is permanent.
Failure add_mark_neighbour(int control) {
  const Address address = *parse_address(mark_address);
  const MacAddress mac = mac_of(address);
  arpreq request{};
  request.arp_pa = ipv4_sockaddr(address);
  request.arp_ha.sa_family = ARPHRD_ETHER;
  std::memcpy(request.arp_ha.sa_data, mac.data(), mac.size());
  request.arp_flags = ATF_COM | ATF_PERM;
  std::strncpy(request.arp_dev, device_name, sizeof request.arp_dev - 1);
  if (ioctl(control, SIOCSARP, &request) != 0) return failed("the neighbour entry of the marks");
  return std::nullopt;
}

Failure configure_ipv4(const std::optional<EthernetLink>& link) {
  Descriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return failed("an IPv4 socket");
  if (auto failure = bring_up(control.get(), "lo")) return failure;
  if (auto failure = lengthen_queue()) return failure;
  if (auto failure = add_ipv4_address(control.get(), own_ipv4(link))) return failure;
  if (auto failure = bring_up(control.get(), device_name)) return failure;
  const Address everywhere{Family::ipv4, 0, 0};
  if (!link) return add_ipv4_route(control.get(), everywhere, nullptr);
  if (auto failure = add_ipv4_route(control.get(), *parse_address(mark_address), nullptr)) return failure;
  if (auto failure = add_mark_neighbour(control.get())) return failure;
  const Address* gateway = link->gateway_of(Family::ipv4);
  return gateway == nullptr ? std::nullopt : add_ipv4_route(control.get(), everywhere, gateway);
}

/// Before the device is up: its addresses are used at once, without a probe for duplicates, and it looks for no router.
void prepare_ipv6() {
  write_file("/proc/sys/net/ipv6/conf/lab0/disable_ipv6", "0");  // the system's default may be 1
  write_file("/proc/sys/net/ipv6/conf/lab0/accept_dad", "0");
  write_file("/proc/sys/net/ipv6/conf/lab0/accept_ra", "0");
  write_file("/proc/sys/net/ipv6/conf/lab0/router_solicitations", "0");
}

/// It is not a failure if the kernel has no IPv6: then `has_ipv6` becomes false. An Ethernet link need not have an IPv6
/// address.
Failure configure_ipv6(const std::optional<EthernetLink>& link, bool& has_ipv6) {
  const EthernetLink::Own* own = link ? link->own_of(Family::ipv6) : nullptr;
  has_ipv6 = link && own == nullptr;
  if (has_ipv6) return std::nullopt;
  Descriptor control(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return std::nullopt;
  const auto index = if_nametoindex(device_name);
  in6_ifreq request{};
  request.ifr6_addr = ipv6_bytes(own != nullptr ? own->address : *parse_address(own_ipv6_address));
  request.ifr6_prefixlen = own != nullptr ? own->bits : address_bits(Family::ipv6);
  request.ifr6_ifindex = static_cast<int>(index);
  if (ioctl(control.get(), SIOCSIFADDR, &request) != 0) {
    return errno == EACCES || errno == EOPNOTSUPP ? std::nullopt : failed("the IPv6 address");
  }
  has_ipv6 = true;
  const Address* gateway = link ? link->gateway_of(Family::ipv6) : nullptr;
  if (link && gateway == nullptr) return std::nullopt;
  in6_rtmsg route{};
  route.rtmsg_metric = 1;
  route.rtmsg_flags = RTF_UP;
  route.rtmsg_ifindex = static_cast<int>(index);
  if (gateway != nullptr) {
    route.rtmsg_flags |= RTF_GATEWAY;
    route.rtmsg_gateway = ipv6_bytes(*gateway);
  }
  if (ioctl(control.get(), SIOCADDRT, &route) != 0) return failed("the IPv6 route");
  return std::nullopt;
}

}  // namespace

Parsed<OwnNetwork> make_own_network(const std::optional<EthernetLink>& link) {
  if (const auto failure = leave_for_own_namespaces()) return SpecError{*failure};
  OwnNetwork network;
  network.device = Descriptor(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!network.device) return SpecError{tun_forbidden("opening /dev/net/tun")};
  ifreq request = named(device_name);
  request.ifr_flags = static_cast<short>((link ? IFF_TAP : IFF_TUN) | IFF_NO_PI);
  if (ioctl(network.device.get(), TUNSETIFF, &request) != 0) return SpecError{tun_forbidden("making a device")};
  if (link) {
    request = named(device_name);
    if (ioctl(network.device.get(), SIOCGIFHWADDR, &request) != 0) return SpecError{*failed("the MAC address")};
    std::memcpy(network.mac.data(), request.ifr_hwaddr.sa_data, network.mac.size());
  }
  prepare_ipv6();
  if (const auto failure = configure_ipv4(link)) return SpecError{*failure};
  if (const auto failure = configure_ipv6(link, network.has_ipv6)) return SpecError{*failure};
  return network;
}

uint64_t device_drops() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return 0;
  uint64_t drops = 0;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    const bool is_link = one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_PACKET;
    if (!is_link || one->ifa_data == nullptr || std::strcmp(one->ifa_name, device_name) != 0) continue;
    drops = static_cast<const rtnl_link_stats*>(one->ifa_data)->tx_dropped;
  }
  freeifaddrs(all);
  return drops;
}

}  // namespace portloop::lab
