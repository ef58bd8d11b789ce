#include "output/host_results.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace portloop {
namespace {

PortTally& tally_of(HostResults& host, const ProbeResult& probe) {
  for (HostResults::Group& group : host.groups)
    if (group.state == probe.state && group.reason == probe.reason && group.error_number == probe.error_number)
      return group.tally;
  return host.groups.emplace_back(HostResults::Group{probe.state, probe.reason, probe.error_number, {}}).tally;
}

IdentifiedService identified_service(const Finding& finding) {
  constexpr size_t max_text_bytes = 256;  // more than a row has room for
  return {finding.protocol, finding.product, finding.version, identified_text(finding).substr(0, max_text_bytes),
          is_within_tls(finding)};
}

}  // namespace

bool PortTally::contains(uint16_t index) const {
  if (!bits_.empty()) return (bits_[index / 64] >> (index % 64) & 1) != 0;
  return std::binary_search(list_.begin(), list_.end(), index);
}

void PortTally::add(uint32_t wide_index, uint32_t set_size) {
  const auto index = static_cast<uint16_t>(wide_index);
  if (contains(index)) return;
  ++count_;
  const size_t bitmap_bytes = (set_size + 63) / 64 * sizeof(uint64_t);
  if (bits_.empty() && count_ * sizeof(uint16_t) <= bitmap_bytes) {
    list_.insert(std::upper_bound(list_.begin(), list_.end(), index), index);
    return;
  }
  if (bits_.empty()) {
    bits_.resize(bitmap_bytes / sizeof(uint64_t));
    for (const uint16_t listed : list_) bits_[listed / 64] |= uint64_t{1} << (listed % 64);
    list_ = {};
  }
  bits_[index / 64] |= uint64_t{1} << (index % 64);
}

std::vector<uint16_t> PortTally::sorted_indices() const {
  if (bits_.empty()) return list_;
  std::vector<uint16_t> indices;
  indices.reserve(count_);
  for (size_t i = 0; i < bits_.size(); ++i)
    for (uint64_t rest = bits_[i]; rest != 0; rest &= rest - 1)
      indices.push_back(static_cast<uint16_t>(i * 64 + static_cast<size_t>(std::countr_zero(rest))));
  return indices;
}

void HostResults::add_name(std::string_view added) {
  if (name.empty())
    name = added;
  else if (name != added && (more_names.empty() || more_names.back() != added))
    more_names.emplace_back(added);
}

bool HostResults::answered() const {
  return std::any_of(groups.begin(), groups.end(),
                     [](const Group& g) { return g.state == PortState::open || g.state == PortState::closed; });
}

void HostCollector::begin(const ScanHeader& header) {
  ports_ = header.ports;
  results_per_host_ = header.results_per_host;
  show_all_ = header.show_all;
}

std::optional<std::pair<Address, HostResults>> HostCollector::add(const OutputResult& result) {
  const ProbeResult& probe = result.probe;
  const auto index = ports_.index_of(probe.endpoint.port);
  assert(index);
  const auto found = unfinished_.try_emplace(probe.endpoint.address).first;
  HostResults& host = found->second;
  if (result.is_repeated) {
    host.add_name(result.host_name);
    return std::nullopt;
  }
  if (host.name.empty()) host.name = result.host_name;
  if (result.host_names.size() > 1 + host.more_names.size())
    host.more_names.assign(result.host_names.begin() + 1, result.host_names.end());
  host.first_us = host.results == 0 ? result.time_us : std::min(host.first_us, result.time_us);
  host.last_us = host.results == 0 ? result.time_us : std::max(host.last_us, result.time_us);
  ++host.results;
  host.all_ports_open = host.all_ports_open || probe.all_ports_open;
  // Karn's rule: if a port was probed twice, its answer may belong to either attempt.
  if (probe.rtt_us != 0 && probe.attempts == 1) host.rtt.sample(probe.rtt_us);
  tally_of(host, probe).add(*index, ports_.size());
  if (is_listed(probe.state)) {
    if (!result.service.empty()) services_.try_emplace(probe.endpoint.port, result.service);
    if (!probe.banner.empty()) host.banners.emplace_back(probe.endpoint.port, probe.banner);
    if (result.identified != nullptr)
      host.identified.emplace_back(probe.endpoint.port, identified_service(*result.identified));
  }
  if (results_per_host_ == 0 || host.results < results_per_host_) return std::nullopt;
  std::pair<Address, HostResults> finished = std::move(*found);
  unfinished_.erase(found);
  return finished;
}

bool HostCollector::add_name(const Address& address, std::string_view name) {
  const auto host = unfinished_.find(address);
  if (host == unfinished_.end()) return false;
  host->second.add_name(name);
  return true;
}

std::map<Address, HostResults> HostCollector::take_unfinished() { return std::exchange(unfinished_, {}); }

std::vector<ListedPort> HostCollector::listed_ports(const HostResults& host) const {
  std::vector<ListedPort> listed;
  for (const HostResults::Group& group : host.groups) {
    if (!is_listed(group.state)) continue;
    for (const uint16_t index : group.tally.sorted_indices()) {
      const uint16_t port = ports_.at(index);
      const auto service = services_.find(port);
      listed.push_back({port,
                        group.state,
                        reason_text(group.reason, group.error_number),
                        service != services_.end() ? std::string_view(service->second) : std::string_view{},
                        {},
                        nullptr});
    }
  }
  const auto by_port = [](const ListedPort& p, const ListedPort& q) { return p.port < q.port; };
  std::sort(listed.begin(), listed.end(), by_port);
  const auto listed_port = [&](uint16_t port) {
    const auto found =
        std::lower_bound(listed.begin(), listed.end(), ListedPort{port, {}, {}, {}, {}, nullptr}, by_port);
    return found != listed.end() && found->port == port ? &*found : nullptr;
  };
  for (const auto& [port, banner] : host.banners) {
    if (ListedPort* found = listed_port(port)) found->banner = banner;
  }
  for (const auto& [port, service] : host.identified) {
    if (ListedPort* found = listed_port(port)) found->identified = &service;
  }
  return listed;
}

std::vector<CountedPorts> HostCollector::counted_ports(const HostResults& host) const {
  std::vector<CountedPorts> counted;
  for (const HostResults::Group& group : host.groups) {
    if (is_listed(group.state)) continue;
    counted.push_back(
        {group.state, reason_text(group.reason, group.error_number), group.tally.count(), ranges_of(group.tally)});
  }
  std::stable_sort(counted.begin(), counted.end(),
                   [](const CountedPorts& a, const CountedPorts& b) { return a.state < b.state; });
  return counted;
}

// Not with a PortSet: adding to one takes time proportional to its ranges, and a host can have 32,768 of them.
std::string HostCollector::ranges_of(const PortTally& tally) const {
  std::string text;
  const std::vector<uint16_t> indices = tally.sorted_indices();
  for (size_t i = 0; i < indices.size();) {
    const uint16_t first = ports_.at(indices[i]);
    uint16_t last = first;
    for (++i; i < indices.size() && ports_.at(indices[i]) == last + 1; ++i) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last != first) text += '-' + std::to_string(last);
  }
  return text;
}

}  // namespace portloop
