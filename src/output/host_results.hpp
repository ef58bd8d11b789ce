// What the formats that write whole hosts (xml, grepable) store of a host until it is complete.
//
// Memory: the ports of a host are stored as sets of indices into the scan's port set, one set for each state and
// reason, with at most about one bit for each port scanned. Only names and banners are text. Only hosts that have
// results and are incomplete are stored, however many are scanned.
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

/// A subset of a PortSet, as indices into it: a sorted list at first, a bitmap as soon as that is smaller.
class PortTally {
 public:
  /// `index` is less than `set_size`, the size of the PortSet. Adding an index again has no effect.
  void add(uint32_t index, uint32_t set_size);
  uint32_t count() const { return count_; }
  bool contains(uint16_t index) const;
  /// The indices in ascending order.
  std::vector<uint16_t> sorted_indices() const;

 private:
  std::vector<uint16_t> list_;  // ascending; empty if bits_ is in use
  std::vector<uint64_t> bits_;
  uint32_t count_ = 0;
};

/// What these formats have of a Finding. Raw.
struct IdentifiedService {
  std::string protocol;
  std::string product;
  std::string version;
  std::string text;  ///< identified_text(), cut.
  bool tls = false;  ///< The protocol is spoken within TLS.
};

/// The results of one host so far.
struct HostResults {
  /// The ports of one state that share a reason.
  struct Group {
    PortState state;
    Reason reason;
    int error_number;
    PortTally tally;
  };

  std::string name;                     ///< As the user typed it, raw; empty if none.
  std::vector<std::string> more_names;  ///< Other names of the address.
  int64_t first_us = 0;                 ///< Unix time of the first and the last result.
  int64_t last_us = 0;
  uint64_t results = 0;
  bool all_ports_open = false;                                     ///< It accepts connections on every port.
  RttEstimator rtt;                                                ///< Has no sample if no first attempt was answered.
  std::vector<Group> groups;                                       ///< In order of appearance; only a few.
  std::vector<std::pair<uint16_t, std::string>> banners;           ///< By port, raw bytes.
  std::vector<std::pair<uint16_t, IdentifiedService>> identified;  ///< By port.

  /// Unless it was the last one that was added.
  void add_name(std::string_view added);
  /// True if the host itself has answered, that is, if a port is open or closed. ICMP errors may come from a router.
  bool answered() const;
};

/// A port that is listed on its own.
struct ListedPort {
  uint16_t port;
  PortState state;
  std::string reason;
  std::string_view service;  ///< Empty if none.
  std::string_view banner;   ///< Raw; empty if none.
  const IdentifiedService* identified = nullptr;
};

/// The ports of one state and reason that are only counted.
struct CountedPorts {
  PortState state;
  std::string reason;
  uint32_t count;
  std::string ranges;  ///< Such as "1-21,23".
};

/// Groups results by host.
class HostCollector {
 public:
  /// Uses `ports`, `results_per_host` and `show_all`.
  void begin(const ScanHeader& header);

  /// If this was the host's last result, removes the host and returns it. The port must be one of the header's.
  std::optional<std::pair<Address, HostResults>> add(const OutputResult& result);

  /// Another name of an address. Returns false if it has no results so far.
  bool add_name(const Address& address, std::string_view name);

  /// Removes the incomplete hosts and returns them, by address.
  std::map<Address, HostResults> take_unfinished();

  /// The incomplete hosts, by address.
  const std::map<Address, HostResults>& unfinished() const { return unfinished_; }

  /// Appends the incomplete hosts, as lines of core/record_line.hpp.
  void save(std::string& state) const;
  /// Restores one line of save(), after begin(). Returns false if save() of this scan can't have written it.
  bool restore_line(const std::vector<std::string>& words);

  /// Open ports (all ports with show_all), ascending. The views are of the host and of this collector.
  std::vector<ListedPort> listed_ports(const HostResults& host) const;

  /// The ports that aren't listed, one entry for each state and reason, ordered by state: closed, filtered, unknown.
  std::vector<CountedPorts> counted_ports(const HostResults& host) const;

 private:
  bool restore_host(const std::vector<std::string>& words);
  bool restore_ports(const std::vector<std::string>& words);
  bool restore_identified(const std::vector<std::string>& words);
  std::string ranges_of(const PortTally& tally) const;
  bool is_listed(PortState state) const { return show_all_ || state == PortState::open; }

  PortSet ports_;
  uint64_t results_per_host_ = 0;
  bool show_all_ = false;
  std::map<Address, HostResults> unfinished_;
  HostResults* restored_ = nullptr;           // in unfinished_: the host that the next lines belong to
  std::map<uint16_t, std::string> services_;  // of listed ports; the same for every host
};

}  // namespace portloop
