// How hosts are laid out on a terminal: each once, with its open ports beside it. Pure functions.
//
//     HOST                       RTT  OPEN PORTS                  HOST              RTT   PORT  SERVICE  BANNER
//     10.0.0.1 (router)      0.42 ms  22 ssh, 80 http             10.0.0.1      0.42 ms     22  ssh      SSH-2.0-x
//     10.0.0.7               1.20 ms  443 https                                             80  http     nginx (200 OK)
//
// The second form is used if anything is known of a port besides its service. If the left part would take too much of
// the width, the ports are below it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hpp"
#include "output/host_results.hpp"

namespace portloop {

/// One host of the table.
struct HostRow {
  std::string address;
  std::string name;     ///< Visible text; empty if none.
  uint64_t rtt_us = 0;  ///< 0 if it is not known.
  bool all_ports_open = false;
  std::vector<ListedPort> ports;
  std::vector<CountedPorts> counted;  ///< With --show all, the ports that are not open.
};

/// Not thread-safe. Every row that will be shown is given to fit() before the first one is written.
class HostRows {
 public:
  /// No row is wider than `columns`, at least 1.
  HostRows(size_t columns, bool colour) : columns_(columns), colour_(colour) {}

  /// `with_ports`: the row will be written by append(), not by one_line().
  void fit(const HostRow& row, bool with_ports);
  /// Without a line end.
  std::string heading() const;
  /// The host with all of its ports, in as many lines as that takes, each with its line end.
  void append(std::string& out, const HostRow& row) const;
  /// The host in one line, without a line end; as many of its ports as fit.
  std::string one_line(const HostRow& row) const;

 private:
  bool is_stacked() const;
  size_t indent() const;
  size_t right_width() const;
  size_t host_width() const;
  std::string left_part(const HostRow& row) const;
  void append_line(std::string& out, std::string line) const;
  std::vector<std::string> right_part(const HostRow& row) const;
  std::vector<std::string> port_lines(const HostRow& row) const;
  std::string joined_port(const ListedPort& port, bool is_last) const;
  std::vector<std::string> joined_ports(const HostRow& row) const;
  std::string coloured(std::string_view text, PortState state) const;

  const size_t columns_;
  const bool colour_;
  bool has_details_ = false;
  bool has_identified_ = false;
  size_t address_width_ = 4;    // "HOST"
  size_t full_host_width_ = 4;  // with the name
  size_t rtt_width_ = 3;
  size_t service_width_ = 7;
};

}  // namespace portloop
