#include "cli/system/system_services.hpp"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>

#include "core/service_names.hpp"

namespace portloop {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// Sorts by key, and keeps the first of several entries with the same key.
template <class Pairs>
void index_by_first(Pairs& pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto end =
      std::unique(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  pairs.erase(end, pairs.end());
  pairs.shrink_to_fit();
}

template <class Pairs, class Key>
auto find_key(const Pairs& pairs, const Key& key) {
  const auto found =
      std::lower_bound(pairs.begin(), pairs.end(), key, [](const auto& p, const Key& k) { return p.first < k; });
  return found != pairs.end() && found->first == key ? found : pairs.end();
}

}  // namespace

SystemServices SystemServices::load() {
  std::vector<Entry> entries;
  setservent(1);
  while (const servent* found = getservent()) {
    if (found->s_proto == std::string_view("tcp")) {
      Entry entry{ntohs(static_cast<uint16_t>(found->s_port)), found->s_name, {}};
      for (char** alias = found->s_aliases; *alias != nullptr; ++alias) entry.aliases.emplace_back(*alias);
      entries.push_back(std::move(entry));
    }
  }
  endservent();
  return SystemServices(entries);
}

SystemServices::SystemServices(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    if (entry.port == 0 || entry.name.empty()) continue;
    names_.emplace_back(entry.port, entry.name);
    ports_.emplace_back(lower_case(entry.name), entry.port);
  }
  for (const Entry& entry : entries)
    for (const std::string& alias : entry.aliases)
      if (entry.port != 0) ports_.emplace_back(lower_case(alias), entry.port);
  index_by_first(names_);
  index_by_first(ports_);
}

std::string_view SystemServices::name_of(uint16_t port) const {
  const auto found = find_key(names_, port);
  return found != names_.end() ? std::string_view(found->second) : service_name_of(port);
}

uint16_t SystemServices::port_of(std::string_view name) const {
  const auto found = find_key(ports_, lower_case(name));
  return found != ports_.end() ? found->second : port_of_service(name);
}

std::vector<uint16_t> SystemServices::ports_of(std::string_view pattern) const {
  std::vector<uint16_t> ports = ports_of_services(pattern);
  for (const auto& [name, port] : ports_) {
    if (matches_service_pattern(name, pattern)) ports.push_back(port);
  }
  return ports;
}

}  // namespace portloop
