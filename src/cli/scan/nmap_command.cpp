#include "cli/scan/nmap_command.hpp"

#include <utility>

namespace portloop {
namespace {

constexpr size_t max_hosts = 500;  // a command line of about 20 KB with IPv6

}  // namespace

void OpenPorts::add(const Endpoint& endpoint) { ports_[endpoint.address].add({endpoint.port, endpoint.port}); }

std::vector<std::string> OpenPorts::nmap_commands() const {
  struct Open {
    size_t command;  // that further hosts with the same ports join
    size_t hosts;
  };
  std::vector<std::string> commands;
  std::map<std::pair<Family, std::string>, Open> open;
  for (const auto& [address, ports] : ports_) {
    const std::string list = ports.to_text();
    const auto [entry, first] = open.try_emplace({address.family, list}, Open{commands.size(), 0});
    Open& same = entry->second;
    if (first || same.hosts == max_hosts) {
      same = {commands.size(), 0};
      // -Pn: the hosts are there.
      commands.push_back((address.family == Family::ipv6 ? "nmap -6 -Pn -sV -p " : "nmap -Pn -sV -p ") + list);
    }
    commands[same.command] += ' ' + to_text(address);
    ++same.hosts;
  }
  return commands;
}

}  // namespace portloop
