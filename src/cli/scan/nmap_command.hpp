// --nmap-command: what to type to have nmap look at the ports that are open.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/port_set.hpp"
#include "core/probe_result.hpp"

namespace portloop {

/// The open ports of each host.
class OpenPorts {
 public:
  void add(const Endpoint& endpoint);
  /// One command for all hosts of a family that have the same ports, by their first address; at most 500 hosts each.
  std::vector<std::string> nmap_commands() const;

 private:
  std::map<Address, PortSet> ports_;
};

}  // namespace portloop
