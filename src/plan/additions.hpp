// What is added to a scan while it runs, and how it is divided into parts that a plan can draw from.
//
// Happy path: additions with the same ports, whose addresses do not overlap, are one part: their addresses times the
// ports.
//
// What goes wrong:
//   - many small additions have ports of their own (host:port): they are one list of probes
//   - additions overlap: each has its own probes and results, in lists or in parts that follow each other
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plan/scan_space.hpp"

namespace portloop {

struct Addition {
  AddressRange range;
  std::shared_ptr<const PortSet> ports;  ///< Not empty.
  uint64_t tag = 0;

  /// Saturates at 2^64-1.
  uint64_t probes() const;
  /// So few probes that they may be listed.
  bool is_small() const { return probes() <= max_small; }

  static constexpr uint64_t max_small = 4096;
};

/// A list of probes has at most this many, one addition more or less.
inline constexpr uint64_t max_listed = 16'384;

/// The probes of `additions`, in spaces that are to be drawn one after the other. Their base_position and base_target
/// are 0. Takes less than a millisecond if there are at most 1,024 additions, and the small ones have at most
/// max_listed probes.
std::vector<ScanSpace> spaces_of(const std::vector<Addition>& additions, Order order, uint64_t seed);

}  // namespace portloop
