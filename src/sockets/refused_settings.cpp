#include "sockets/refused_settings.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/spec_error.hpp"

namespace portloop {
namespace {

std::string words_of(const RefusedSetting& refused, const SocketSettings& settings, Family family) {
  const int error_number = refused.error_number;
  const std::string reason = ": " + std::generic_category().message(error_number);
  switch (refused.setting) {
    case SocketSetting::source: {
      const std::string word = quote_word(to_text(*settings.source(family)));
      if (error_number == EADDRNOTAVAIL) return "source " + word + " is not an address of this machine";
      return "source " + word + reason;
    }
    case SocketSetting::interface: {
      const std::string word = quote_word(settings.interface);
      if (error_number == EPERM)
        return "interface " + word + ": the kernel lets only root choose it (before Linux 5.7)";
      return "interface " + word + reason;
    }
    case SocketSetting::mark: {
      const std::string word = quote_word(std::to_string(*settings.mark));
      if (error_number == EPERM) return "mark " + word + ": only root, or the capability CAP_NET_ADMIN, may set it";
      return "mark " + word + reason;
    }
    case SocketSetting::dscp: break;
  }
  return "dscp " + quote_word(std::to_string(*settings.dscp)) + reason;
}

/// Sockets of that family are needed, or a source of that family was named.
std::string refused_in(Family family, const SocketSettings& settings) {
  const int fd = socket(family == Family::ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";  // no descriptor, or no such family: not a matter of the settings
  const std::optional<RefusedSetting> refused = apply_settings(fd, family, settings);
  close(fd);
  return refused ? words_of(*refused, settings, family) : "";
}

bool is_loopback_interface(const std::string& name) {
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return false;
  bool found = false;
  for (const ifaddrs* interface = interfaces; interface != nullptr; interface = interface->ifa_next)
    found = found || (interface->ifa_name == name && (interface->ifa_flags & IFF_LOOPBACK) != 0);
  freeifaddrs(interfaces);
  return found;
}

constexpr AddressRange loopback_ranges[] = {{{Family::ipv4, 0, 0x7f000000}, {Family::ipv4, 0, 0x7fffffff}},
                                            {{Family::ipv6, 0, 1}, {Family::ipv6, 0, 1}}};

bool has_loopback(const AddressRange& range) {
  return std::any_of(std::begin(loopback_ranges), std::end(loopback_ranges), [&range](const AddressRange& loopback) {
    return range.first <= loopback.last && loopback.first <= range.last;
  });
}

bool is_all_loopback(const AddressRange& range) {
  return has_loopback(range) && is_loopback(range.first) && is_loopback(range.last);
}

/// What is connected to through an interface that can't lead there gets no answer: that is no state of its port.
std::string unreachable_target(const SocketSettings& settings, const TargetSet& targets) {
  const std::string not_there = "interface " + quote_word(settings.interface) + " does not lead to ";
  const bool is_loopback_device = is_loopback_interface(settings.interface);
  for (const AddressRange& range : targets.ranges()) {
    const std::string target = quote_word(to_text(range.first));
    if (range.first.zone != 0 && range.first.zone != settings.interface_number)
      return (not_there + target).append(", which is on another one");
    if (is_loopback_device ? !is_all_loopback(range) : has_loopback(range))
      return not_there + (range.first == range.last
                              ? target
                              : "all of " + quote_word(to_text(range.first) + '-' + to_text(range.last)));
  }
  return "";
}

}  // namespace

std::string refused_settings(const SocketSettings& settings, const TargetSet& targets) {
  if (!settings.interface.empty() && settings.interface_number == 0)
    return "interface " + quote_word(settings.interface) + ": this machine has none of that name";
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (!targets.has_family(family) && !settings.source(family)) continue;
    if (std::string refused = refused_in(family, settings); !refused.empty()) return refused;
  }
  return settings.interface.empty() ? "" : unreachable_target(settings, targets);
}

}  // namespace portloop
