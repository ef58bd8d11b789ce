#include "sockets/refused_settings.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/spec_error.hpp"
#include "sockets/interface_reach.hpp"

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

/// Sockets of that family are or may be needed, or a source of that family was named.
std::string refused_in(Family family, const SocketSettings& settings) {
  const int fd = socket(family == Family::ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";  // no descriptor, or no such family: not a matter of the settings
  const std::optional<RefusedSetting> refused = apply_settings(fd, family, settings);
  close(fd);
  return refused ? words_of(*refused, settings, family) : "";
}

}  // namespace

std::string refused_settings(const SocketSettings& settings, const TargetSet& targets, bool more_may_follow) {
  if (!settings.interface.empty() && settings.interface_number == 0)
    return "interface " + quote_word(settings.interface) + ": this machine has none of that name";
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (!targets.has_family(family) && !settings.source(family) && !more_may_follow) continue;
    if (std::string refused = refused_in(family, settings); !refused.empty()) return refused;
  }
  const InterfaceReach reach(settings);
  for (const AddressRange& range : targets.ranges()) {
    if (std::string refused = reach.refusal(range); !refused.empty()) return refused;
  }
  return "";
}

}  // namespace portloop
