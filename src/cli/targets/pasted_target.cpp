#include "cli/targets/pasted_target.hpp"

#include <algorithm>

#include "core/port_set.hpp"
#include "core/service_names.hpp"
#include "core/target_set.hpp"

namespace portloop {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Removes what precedes the host (https:// and user@) and the path behind it. Returns the scheme.
std::string_view take_scheme_and_user(std::string_view& word) {
  std::string_view scheme;
  if (const size_t slashes = word.find("://"); slashes != std::string_view::npos) {
    scheme = word.substr(0, slashes);
    word.remove_prefix(slashes + 3);
    word = word.substr(0, word.find_first_of("/?#"));
  } else if (const size_t slash = word.find('/');
             slash != std::string_view::npos && slash + 1 < word.size() && !is_digit(word[slash + 1])) {
    word = word.substr(0, slash);
  }
  if (const size_t at = word.rfind('@'); at != std::string_view::npos) word.remove_prefix(at + 1);
  return scheme;
}

/// Removes :80 and returns "80". Several colons outside brackets are an IPv6 address without a port.
std::string_view take_port(std::string_view& word) {
  const size_t colon = word.rfind(':');
  if (colon == std::string_view::npos) return {};
  const bool bracketed = word.front() == '[' && word[colon - 1] == ']';
  if (!bracketed && word.find(':') != colon) return {};
  const std::string_view port = word.substr(colon + 1);
  word = word.substr(0, colon);
  return port;
}

}  // namespace

std::string split_port_spelling(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_digit) && parse_ports(word, nullptr))
    return "-p " + std::string(word);
  std::string_view host = word;
  const std::string_view scheme = take_scheme_and_user(host);
  const std::string_view port = take_port(host);
  if (host == word || !parse_target(host)) return "";
  if (!port.empty())
    return parse_ports(port, port_of_service, ports_of_services) ? "-p " + std::string(port) + ' ' + std::string(host)
                                                                 : "";
  return (port_of_service(scheme) != 0 ? "-p " + std::string(scheme) + ' ' : "") + std::string(host);
}

}  // namespace portloop
