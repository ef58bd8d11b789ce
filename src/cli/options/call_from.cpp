#include "cli/options/call_from.hpp"

#include <net/if.h>

#include <algorithm>

#include "cli/exit_status.hpp"
#include "cli/options/given_options.hpp"
#include "core/address.hpp"
#include "core/spec_error.hpp"
#include "sockets/refused_settings.hpp"

namespace portloop {
namespace {

uint32_t interface_index(std::string_view zone) { return if_nametoindex(std::string(zone).c_str()); }

std::vector<std::string> sources_of(const cxxopts::ParseResult& given) {
  std::vector<std::string> sources = texts_of(given, "source");
  std::vector<Family> families;
  for (const std::string& word : sources) {
    const std::optional<Address> address = parse_address(word, interface_index);
    if (!address || is_unspecified(*address))
      throw UsageError("--source " + quote_word(word) + ": an address of this machine is accepted");
    if (std::find(families.begin(), families.end(), address->family) != families.end())
      throw UsageError("--source " + quote_word(word) + ": one address of each family is accepted");
    families.push_back(address->family);
  }
  return sources;
}

}  // namespace

CallFrom call_from_of(const cxxopts::ParseResult& given) {
  CallFrom from;
  from.sources = sources_of(given);
  from.interface = text_of(given, "interface");
  if (given.count("interface") && if_nametoindex(from.interface.c_str()) == 0)
    throw UsageError("--interface " + quote_word(from.interface) +
                     ": the name of an interface of this machine is accepted ('ip link' lists them)");
  if (given.count("dscp")) from.dscp = static_cast<int>(number_of(given, "dscp", 0, 63, 0));
  from.mark = number_of(given, "mark", 1, UINT32_MAX, 0);
  return from;
}

SocketSettings socket_settings_of(const CallFrom& from) {
  SocketSettings settings;
  for (const std::string& word : from.sources) {
    const std::optional<Address> source = parse_address(word, interface_index);
    (source->family == Family::ipv4 ? settings.source_v4 : settings.source_v6) = source;
  }
  settings.interface = from.interface;
  settings.interface_number = if_nametoindex(from.interface.c_str());
  if (from.dscp >= 0) settings.dscp = static_cast<uint8_t>(from.dscp);
  if (from.mark != 0) settings.mark = from.mark;
  return settings;
}

void check_granted(const CallFrom& from, const TargetSet& targets) {
  if (const std::string refused = refused_settings(socket_settings_of(from), targets); !refused.empty())
    throw UsageError("--" + refused);
}

}  // namespace portloop
