#include "sockets/interface_reach.hpp"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <iterator>

#include "core/spec_error.hpp"

namespace portloop {
namespace {

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

}  // namespace

InterfaceReach::InterfaceReach(const SocketSettings& settings)
    : name_(settings.interface),
      number_(settings.interface_number),
      is_loopback_(!name_.empty() && is_loopback_interface(name_)) {}

std::string InterfaceReach::refusal(const AddressRange& range) const {
  if (name_.empty()) return "";
  const std::string not_there = "interface " + quote_word(name_) + " does not lead to ";
  const std::string target = quote_word(to_text(range.first));
  if (range.first.zone != 0 && range.first.zone != number_)
    return (not_there + target).append(", which is on another one");
  if (is_loopback_ ? is_all_loopback(range) : !has_loopback(range)) return "";
  if (range.first == range.last) return not_there + target;
  return (not_there + "all of ").append(quote_word(to_text(range.first) + '-' + to_text(range.last)));
}

}  // namespace portloop
