#include "capi/words.hpp"

#include <net/if.h>

#include "core/service_names.hpp"
#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

uint32_t interface_index(std::string_view zone) { return if_nametoindex(std::string(zone).c_str()); }

}  // namespace

Parsed<std::vector<AddressRange>> parse_numeric_target(const char* text) {
  const auto word = parse_target(text, interface_index);
  if (!word) return SpecError{word.error()};
  if (word->ranges.empty())
    return SpecError{quote_word(text) + " is a host name: look it up first, only numeric addresses are taken"};
  return word->ranges;
}

Parsed<AddressRange> range_between(const sockaddr& first, const sockaddr& last) {
  const std::optional<Endpoint> low = to_endpoint(first);
  const std::optional<Endpoint> high = first.sa_family == last.sa_family ? to_endpoint(last) : std::nullopt;
  if (!low || !high) return SpecError{"a range has two addresses of one family"};
  const AddressRange range{low->address, high->address};
  const std::string words = quote_word(to_text(range.first) + '-' + to_text(range.last));
  if (range.first.zone != range.last.zone) return SpecError{words + " has two zones: a range has one"};
  if (range.last < range.first) return SpecError{words + " is backwards: the lower address comes first"};
  if (is_unspecified(range.first))
    return SpecError{words + " contains " + quote_word(to_text(range.first)) + ", which means this machine itself"};
  return range;
}

Parsed<PortSet> parse_named_ports(const char* text) { return parse_ports(text, port_of_service, ports_of_services); }

}  // namespace portloop
