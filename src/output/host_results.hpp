// What the formats that speak of whole hosts (xml, grepable) keep of a host until it is complete.
//
// Memory: a host's ports are kept as sets of ranks in the scan's port set, one for each state and reason, at
// most one bit for each port scanned; only names and banners are text. Whether one host or a million are
// scanned, what is kept is that of the hosts that have begun and aren't complete.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/record_line.hpp"
#include "core/rtt_estimator.hpp"
#include "output/writer.hpp"

namespace portloop {

/// A set of ports out of a PortSet of at most 65,535: a list while it is small, a bitmap when that is
/// smaller.
class PortTally {
 public:
  /// `rank` is the port's place in the set, less than `set_size`; adding one twice counts once.
  void add(uint32_t rank, uint32_t set_size);
  uint32_t count() const { return count_; }
  bool contains(uint16_t rank) const;
  /// Ascending ranks.
  std::vector<uint16_t> sorted_ranks() const;

 private:
  std::vector<uint16_t> list_;  // ascending; empty once bits_ isn't
  std::vector<uint64_t> bits_;
  uint32_t count_ = 0;
};

/// One host, as far as it is known.
struct HostResults {
  /// The ports of one state that share a reason.
  struct Group {
    PortState state;
    Reason reason;
    int error_number;
    PortTally tally;
  };

  std::string name;      ///< As the user typed it, raw; empty for none.
  int64_t first_us = 0;  ///< Unix time of the first and the last verdict.
  int64_t last_us = 0;
  uint64_t results = 0;
  RttEstimator rtt;                                       ///< Has no sample if no first attempt was answered.
  std::vector<Group> groups;                              ///< In order of appearance; a handful.
  std::vector<std::pair<uint16_t, std::string>> banners;  ///< By port, raw bytes.

  /// The host itself spoke: some port is open or closed. An ICMP error may come from a router.
  bool answered() const;
};

/// One port of a host that is listed on its own.
struct ListedPort {
  uint16_t port;
  PortState state;
  std::string reason;
  std::string_view service;  ///< Empty for none.
  std::string_view banner;   ///< Raw; empty for none.
};

/// The ports of a host that are only counted, of one state and reason.
struct CountedPorts {
  PortState state;
  std::string reason;
  uint32_t count;
  std::string ranges;  ///< Such as "1-21,23".
};

/// Sorts results by host.
class HostCollector {
 public:
  /// What counts is `ports`, `results_per_host` and `show_all`.
  void begin(const ScanHeader& header);

  /// Returns the host when this was its last result, and forgets it. A result's port must be one of the
  /// header's.
  std::optional<std::pair<Address, HostResults>> add(const OutputResult& result);

  /// The hosts that aren't complete, by address, and forgets them.
  std::map<Address, HostResults> take_unfinished();

  /// Appends the hosts that aren't complete, as lines of core/record_line.hpp.
  void save(std::string& state) const;
  /// Takes one line of save() after begin(); false where it is not one, or not of this scan.
  bool restore_line(const std::vector<std::string>& words);

  /// Open ports (every port with show_all), ascending. The views live as long as the host and the collector.
  std::vector<ListedPort> listed_ports(const HostResults& host) const;

  /// The ports that aren't listed: closed, filtered, unknown, in that order, one entry for each reason.
  std::vector<CountedPorts> counted_ports(const HostResults& host) const;

 private:
  bool restore_host(const std::vector<std::string>& words);
  bool restore_ports(const std::vector<std::string>& words);
  std::string ranges_of(const PortTally& tally) const;
  bool is_listed(PortState state) const { return show_all_ || state == PortState::open; }

  PortSet ports_;
  uint64_t results_per_host_ = 0;
  bool show_all_ = false;
  std::map<Address, HostResults> unfinished_;
  HostResults* restored_ = nullptr;           // of unfinished_: to which the next lines belong
  std::map<uint16_t, std::string> services_;  // of the ports that were listed: the same for every host
};

}  // namespace portloop
