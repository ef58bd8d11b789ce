// The happy path: new namespaces; /dev/net/tun, opened inside them, provides a device that exists only there; it gets a
// long queue, one address of each family, and both default routes.
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
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

namespace portloop::lab {

namespace {

using Failure = std::optional<std::string>;

constexpr char device_name[] = "lab0";

// The kernel's default of 500 would drop bursts that a real network accepts: 16,000 connects can start in one turn.
constexpr uint32_t queue_packets = 65536;

std::string errno_text() { return std::strerror(errno); }

std::string first_line_of(const char* path) {
  Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  char bytes[32] = {};
  const ssize_t length = file ? read(file.get(), bytes, sizeof bytes - 1) : 0;
  std::string line(bytes, length > 0 ? static_cast<size_t>(length) : 0);
  return line.substr(0, line.find('\n'));
}

bool write_file(const char* path, const std::string& text) {
  Descriptor file(open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string user_namespaces_forbidden() {
  const std::string what = "this system forbids user namespaces (" + errno_text() + "): ";
  if (first_line_of("/proc/sys/user/max_user_namespaces") == "0") {
    return what + "allow them with 'sysctl user.max_user_namespaces=10000', or run as root";
  }
  if (first_line_of("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return what + "allow them with 'sysctl kernel.unprivileged_userns_clone=1', or run as root";
  }
  if (first_line_of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return what + "allow them with 'sysctl kernel.apparmor_restrict_unprivileged_userns=0', or run as root";
  }
  return what + "run as root; in a container, allow unshare (for Docker: --security-opt seccomp=unconfined)";
}

/// With root, only a new network namespace; otherwise also a user namespace in which the ids stay the same.
Failure leave_for_own_namespaces() {
  if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0) return std::nullopt;
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return user_namespaces_forbidden();
  const auto onto_itself = [](unsigned id) { return std::to_string(id) + ' ' + std::to_string(id) + " 1\n"; };
  write_file("/proc/self/setgroups", "deny");  // old kernels have no such file and don't need it
  if (!write_file("/proc/self/uid_map", onto_itself(uid)) || !write_file("/proc/self/gid_map", onto_itself(gid))) {
    return user_namespaces_forbidden();
  }
  return std::nullopt;
}

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

sockaddr ipv4_sockaddr(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, text, &address.sin_addr);
  sockaddr plain{};
  std::memcpy(&plain, &address, sizeof plain);
  return plain;
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

Failure configure_ipv4() {
  Descriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return failed("an IPv4 socket");
  if (auto failure = bring_up(control.get(), "lo")) return failure;
  if (auto failure = lengthen_queue()) return failure;
  ifreq request = named(device_name);
  request.ifr_addr = ipv4_sockaddr(std::string(own_ipv4_address).c_str());
  if (ioctl(control.get(), SIOCSIFADDR, &request) != 0) return failed("the IPv4 address");
  if (auto failure = bring_up(control.get(), device_name)) return failure;
  char route_device[] = "lab0";
  rtentry route{};
  route.rt_dst = ipv4_sockaddr("0.0.0.0");
  route.rt_genmask = ipv4_sockaddr("0.0.0.0");
  route.rt_flags = RTF_UP;
  route.rt_dev = route_device;
  if (ioctl(control.get(), SIOCADDRT, &route) != 0) return failed("the IPv4 route");
  return std::nullopt;
}

/// It is not a failure if the kernel has no IPv6: then `has_ipv6` becomes false.
Failure configure_ipv6(bool& has_ipv6) {
  has_ipv6 = false;
  Descriptor control(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return std::nullopt;
  write_file("/proc/sys/net/ipv6/conf/lab0/disable_ipv6",
             "0");  // the system's default may be 1
  const auto index = if_nametoindex(device_name);
  in6_ifreq request{};
  inet_pton(AF_INET6, std::string(own_ipv6_address).c_str(), &request.ifr6_addr);
  request.ifr6_prefixlen = 128;
  request.ifr6_ifindex = static_cast<int>(index);
  if (ioctl(control.get(), SIOCSIFADDR, &request) != 0) {
    return errno == EACCES || errno == EOPNOTSUPP ? std::nullopt : failed("the IPv6 address");
  }
  in6_rtmsg route{};
  route.rtmsg_metric = 1;
  route.rtmsg_flags = RTF_UP;
  route.rtmsg_ifindex = static_cast<int>(index);
  if (ioctl(control.get(), SIOCADDRT, &route) != 0) return failed("the IPv6 route");
  has_ipv6 = true;
  return std::nullopt;
}

}  // namespace

Parsed<OwnNetwork> make_own_network() {
  if (const auto failure = leave_for_own_namespaces()) return SpecError{*failure};
  OwnNetwork network;
  network.device = Descriptor(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!network.device) return SpecError{tun_forbidden("opening /dev/net/tun")};
  ifreq request = named(device_name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(network.device.get(), TUNSETIFF, &request) != 0) return SpecError{tun_forbidden("making a device")};
  if (const auto failure = configure_ipv4()) return SpecError{*failure};
  if (const auto failure = configure_ipv6(network.has_ipv6)) return SpecError{*failure};
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
