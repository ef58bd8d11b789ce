// Which ports of which addresses have been asked for so far, so that no endpoint is scanned twice.
//
// Memory: one entry for each run of neighbouring addresses with the same ports, 12 bytes for IPv4 and 48 for IPv6, in
// blocks that are at least half full after random additions. A repeated address, or one beside another, costs nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "cli/targets/port_sets.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// Runs of numbers and the ports that each has. Disjoint; neighbours with the same ports are one.
template <class Key>
class PortRuns {
 public:
  struct Run {
    Key first;
    Key last;
    PortSets::Number ports;
  };

  /// Returns the ports of first..last from then on: called in ascending order for each part that has the same ports,
  /// or none (nullptr). It holds what it returns; what the runs had is released.
  template <class Replace>
  void update(Key first, Key last, PortSets& sets, Replace replace);

 private:
  static constexpr size_t max_block = 256;
  using Block = std::vector<Run>;

  std::vector<Run> take(Key first, Key last);
  void insert(const Run& run);

  std::map<Key, Block> blocks_;  // by the first number of the first run; none is empty
};

class AskedPorts {
 public:
  /// `on_new` is called for each part of `range` that has ports of `ports` that it did not have: with those.
  using OnNew = std::function<void(const AddressRange& range, PortSets::Number ports)>;

  /// `sets` outlives this object.
  explicit AskedPorts(PortSets& sets) : sets_(sets) {}

  void add(const AddressRange& range, PortSets::Number ports, const OnNew& on_new);
  /// Addresses that have ports; saturates at 2^64-1.
  uint64_t addresses() const { return addresses_; }

 private:
  template <class Key>
  void add_to(PortRuns<Key>& runs, const AddressRange& range, PortSets::Number ports, const OnNew& on_new);

  PortSets& sets_;
  PortRuns<uint32_t> ipv4_;
  std::map<uint32_t, PortRuns<uint128>> ipv6_;  // by zone
  uint64_t addresses_ = 0;
};

}  // namespace portloop
