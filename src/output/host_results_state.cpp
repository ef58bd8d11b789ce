// How the hosts that aren't complete go into a checkpoint and come back: a line for each host, and behind it a line
// for each of its groups of ports and for each banner.
#include <algorithm>

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

/// The numbers that stand before the last word.
std::optional<std::vector<int64_t>> read_numbers(const std::vector<std::string>& words, size_t count) {
  if (words.size() != count + 2) return std::nullopt;
  std::vector<int64_t> numbers;
  for (size_t i = 1; i <= count; ++i) {
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
    for (const HostResults::Group& group : host.groups) {
      append_line(state, "ports",
                  {static_cast<int64_t>(group.state), static_cast<int64_t>(group.reason), group.error_number},
                  ranges_of(group.tally));
    }
    for (const auto& [port, banner] : host.banners) append_line(state, "banner", {port}, banner);
  }
}

bool HostCollector::restore_line(const std::vector<std::string>& words) {
  if (words[0] == "host") {
    const auto address = words.size() > 1 ? parse_address(words[1]) : std::nullopt;
    if (!address) return false;
    std::vector<std::string> rest = words;
    rest.erase(rest.begin() + 1);
    const auto numbers = read_numbers(rest, 5);
    if (!numbers || (*numbers)[3] > UINT32_MAX || (*numbers)[4] > UINT32_MAX) return false;
    HostResults& host = unfinished_[*address];
    restored_ = &host;
    host.name = rest.back();
    host.first_us = (*numbers)[0];
    host.last_us = (*numbers)[1];
    host.results = static_cast<uint64_t>((*numbers)[2]);
    host.rtt = RttEstimator(static_cast<uint32_t>((*numbers)[3]), static_cast<uint32_t>((*numbers)[4]));
    return true;
  }
  if (words[0] == "ports") {
    const auto numbers = read_numbers(words, 3);
    const auto ports = parse_ports(words.back(), nullptr);
    if (!numbers || !ports || restored_ == nullptr) return false;
    if ((*numbers)[0] > static_cast<int64_t>(PortState::unknown) ||
        (*numbers)[1] > static_cast<int64_t>(Reason::interrupted))
      return false;
    HostResults::Group& group = restored_->groups.emplace_back();
    group.state = static_cast<PortState>((*numbers)[0]);
    group.reason = static_cast<Reason>((*numbers)[1]);
    group.error_number = static_cast<int>((*numbers)[2]);
    for (uint32_t i = 0; i < ports->size(); ++i) {
      const auto index = ports_.index_of(ports->at(i));
      if (!index) return false;
      group.tally.add(*index, ports_.size());
    }
    return true;
  }
  const auto numbers = read_numbers(words, 1);
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

}  // namespace portloop
