// How incomplete hosts are saved in a checkpoint and restored: a line for each host, followed by one for each of its
// further names, groups of ports, for each banner and for each identified service.
#include <initializer_list>

#include "core/parse_number.hpp"
#include "core/record_line.hpp"
#include "output/host_results.hpp"

namespace portloop {
namespace {

void append_line(std::string& state, std::string_view kind, std::initializer_list<int64_t> numbers,
                 std::string_view word) {
  state += kind;
  for (const int64_t number : numbers) state += ' ' + std::to_string(number);
  append_word(state, word);
  state += '\n';
}

/// Parses `count` numbers from words[first] on, which only one more word may follow.
std::optional<std::vector<int64_t>> parse_numbers(const std::vector<std::string>& words, size_t first, size_t count) {
  if (words.size() != first + count + 1) return std::nullopt;
  std::vector<int64_t> numbers;
  for (size_t i = first; i < first + count; ++i) {
    const auto number = parse_number<int64_t>(words[i], 0);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

void HostCollector::save(std::string& state) const {
  for (const auto& [port, name] : services_) append_line(state, "service", {port}, name);
  for (const auto& [address, host] : unfinished_) {
    state += "host";
    append_word(state, to_text(address));
    append_line(
        state, "",
        {host.first_us, host.last_us, static_cast<int64_t>(host.results), host.rtt.srtt_us(), host.rtt.rttvar_us()},
        host.name);
    if (host.all_ports_open) state += "all-ports-open\n";
    for (const std::string& name : host.more_names) append_line(state, "name", {}, name);
    for (const HostResults::Group& group : host.groups) {
      state += "ports";
      append_word(state, to_text(group.state));
      append_word(state, reason_text(group.reason, group.error_number));
      append_word(state, ranges_of(group.tally));
      state += '\n';
    }
    for (const auto& [port, banner] : host.banners) append_line(state, "banner", {port}, banner);
    for (const auto& [port, service] : host.identified) {
      state += "identified " + std::to_string(port) + (service.tls ? " tls" : " plain");
      for (const std::string& text : {service.protocol, service.product, service.version, service.text})
        append_word(state, text);
      state += '\n';
    }
  }
}

bool HostCollector::restore_line(const std::vector<std::string>& words) {
  if (words[0] == "host") return restore_host(words);
  if (words[0] == "ports") return restore_ports(words);
  if (words[0] == "identified") return restore_identified(words);
  if (words[0] == "all-ports-open") {
    if (restored_ == nullptr || words.size() != 1) return false;
    return restored_->all_ports_open = true;
  }
  if (words[0] == "name") {
    if (words.size() != 2 || restored_ == nullptr) return false;
    restored_->more_names.push_back(words[1]);
    return true;
  }
  const auto numbers = parse_numbers(words, 1, 1);
  if (!numbers || (*numbers)[0] < 1 || (*numbers)[0] > 65535) return false;
  const auto port = static_cast<uint16_t>((*numbers)[0]);
  if (words[0] == "service") {
    services_[port] = words.back();
    return true;
  }
  if (words[0] != "banner" || restored_ == nullptr) return false;
  restored_->banners.emplace_back(port, words.back());
  return true;
}

bool HostCollector::restore_identified(const std::vector<std::string>& words) {
  if (words.size() != 7 || restored_ == nullptr) return false;
  const auto port = parse_number<uint16_t>(words[1], 1);
  if (!port || (words[2] != "tls" && words[2] != "plain")) return false;
  restored_->identified.emplace_back(*port,
                                     IdentifiedService{words[3], words[4], words[5], words[6], words[2] == "tls"});
  return true;
}

bool HostCollector::restore_host(const std::vector<std::string>& words) {
  const auto address = words.size() > 1 ? parse_address(words[1]) : std::nullopt;
  const auto numbers = parse_numbers(words, 2, 5);
  if (!address || !numbers || (*numbers)[3] > UINT32_MAX || (*numbers)[4] > UINT32_MAX) return false;
  HostResults& host = unfinished_[*address];
  restored_ = &host;
  host.name = words.back();
  host.first_us = (*numbers)[0];
  host.last_us = (*numbers)[1];
  host.results = static_cast<uint64_t>((*numbers)[2]);
  host.rtt = RttEstimator(static_cast<uint32_t>((*numbers)[3]), static_cast<uint32_t>((*numbers)[4]));
  return true;
}

bool HostCollector::restore_ports(const std::vector<std::string>& words) {
  if (words.size() != 4 || restored_ == nullptr) return false;
  const auto state = parse_port_state(words[1]);
  const auto full = parse_reason(words[2]);
  const auto ports = parse_ports(words[3], nullptr);
  if (!state || !full || !ports) return false;
  HostResults::Group& group = restored_->groups.emplace_back();
  group.state = *state;
  group.reason = full->reason;
  group.error_number = full->error_number;
  for (uint32_t i = 0; i < ports->size(); ++i) {
    const auto index = ports_.index_of(ports->at(i));
    if (!index) return false;
    group.tally.add(*index, ports_.size());
  }
  return true;
}

}  // namespace portloop
