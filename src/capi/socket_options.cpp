// The setters that determine where a scan calls from, and how its packets are marked.
#include <net/if.h>

#include <cstring>
#include <new>

#include "capi/options.hpp"

using namespace portloop;

namespace {

uint32_t interface_number(std::string_view name) { return if_nametoindex(std::string(name).c_str()); }

/// As for the other setters: sets the error text, and lets no exception through.
template <class Body>
int guarded(portloop_options* options, Body body) noexcept {
  try {
    options->error = body();
    return options->error.empty() ? 0 : UV_EINVAL;
  } catch (const std::bad_alloc&) {
    options->error.clear();
    return UV_ENOMEM;
  }
}

}  // namespace

extern "C" {

int portloop_options_set_source(portloop_options* options, const char* text) {
  return guarded(options, [&]() -> std::string {
    SocketSettings& sockets = options->scanner.sockets;
    if (*text == '\0') {
      sockets.source_v4 = sockets.source_v6 = std::nullopt;
      return "";
    }
    const std::optional<Address> address = parse_address(text, interface_number);
    if (!address) return "source " + quote_word(text) + ": an address of this machine is accepted, such as 192.0.2.1";
    if (is_unspecified(*address)) return "source " + quote_word(text) + " is no address of this machine";
    (address->family == Family::ipv4 ? sockets.source_v4 : sockets.source_v6) = address;
    return "";
  });
}

int portloop_options_set_interface(portloop_options* options, const char* name) {
  return guarded(options, [&]() -> std::string {
    if (std::strlen(name) >= IF_NAMESIZE)
      return "interface " + quote_word(name) + ": a name has at most " + std::to_string(IF_NAMESIZE - 1) + " bytes";
    options->scanner.sockets.interface = name;
    return "";
  });
}

int portloop_options_set_dscp(portloop_options* options, int dscp) {
  return guarded(options, [&]() -> std::string {
    if (dscp < -1 || dscp > 63) return "DSCP is 0-63, or -1 for none, not " + std::to_string(dscp);
    std::optional<uint8_t>& wanted = options->scanner.sockets.dscp;
    wanted.reset();
    if (dscp >= 0) wanted = static_cast<uint8_t>(dscp);
    return "";
  });
}

int portloop_options_set_mark(portloop_options* options, uint32_t mark) {
  return guarded(options, [&]() -> std::string {
    options->scanner.sockets.mark.reset();
    if (mark != 0) options->scanner.sockets.mark = mark;
    return "";
  });
}

}  // extern "C"
