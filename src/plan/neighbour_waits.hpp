// Hosts on the machine's own links whose neighbour entry is being resolved.
//
// The kernel looks for such a host for about 3 s, and holds an entry of a table that all programs share. When the table
// is full, packets to further neighbours are dropped without an error. So each unresolved host has one probe in flight,
// and all loops together have no more of them than the table has room for.
//
// Happy path: begin() when the probe is sent; resolved() when the system has found the neighbour, or its answer
// arrives; end() when the probe ends.
//
// What goes wrong:
//   - there is no such neighbour: the kernel says so after 3 s, as an error of the waiting connect
//   - no news at all (the table overflowed, or events were lost): the wait ends by its timeout, and the plan asks again
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/target_set.hpp"

namespace portloop {

/// What the scan knows of the machine's own links when it starts. Immutable while it runs.
struct OwnLinks {
  bool are_known = false;             ///< The system has reported them.
  std::vector<AddressRange> on_link;  ///< Sorted and disjoint.
  std::vector<AddressRange> own;      ///< This machine's addresses. Sorted and disjoint.
  std::vector<Address> known;         ///< Neighbours that were resolved when the scan started. Sorted.
  uint64_t resolve_us = 3'000'000;    ///< How long the kernel looks for a neighbour.

  /// When the kernel asks for a neighbour for the last time: it sends three requests, at equal intervals.
  uint64_t last_request_us() const { return resolve_us / 3 * 2; }
  bool empty() const { return on_link.empty(); }
  bool contains(const Address& address) const;
  /// Whether `address` is this machine's own: its answers show nothing of any path.
  bool is_own(const Address& address) const;
  bool is_unresolved(const Address& address) const;
  /// How long a probe waits for news of its neighbour.
  uint64_t wait_us() const { return resolve_us + 500'000; }
};

/// Room in the neighbour tables, by family, shared by the loops of a scan. Thread-safe.
class NeighbourRoom {
 public:
  /// May be changed at any time; what is held already stays.
  void set_limit(Family family, uint32_t entries) { place(limits_, family).store(entries, std::memory_order_relaxed); }
  uint32_t held(Family family) const { return place(held_, family).load(std::memory_order_relaxed); }
  /// Returns whether there was room.
  bool take(Family family);
  void give_back(Family family) { place(held_, family).fetch_sub(1, std::memory_order_relaxed); }

 private:
  using Counts = std::array<std::atomic<uint32_t>, 2>;
  static std::atomic<uint32_t>& place(Counts& counts, Family family) { return counts[family == Family::ipv6]; }
  static const std::atomic<uint32_t>& place(const Counts& counts, Family family) {
    return counts[family == Family::ipv6];
  }

  Counts limits_{UINT32_MAX, UINT32_MAX};
  Counts held_{};
};

/// Not thread-safe: one for each loop.
class NeighbourWaits {
 public:
  /// `room` outlives it.
  explicit NeighbourWaits(NeighbourRoom& room) : room_(room) {}
  ~NeighbourWaits();
  NeighbourWaits(const NeighbourWaits&) = delete;
  NeighbourWaits& operator=(const NeighbourWaits&) = delete;

  struct Wait {
    Family family;
    uint32_t block;  ///< Place of the host's block.
    uint32_t host;   ///< In the block.
    uint64_t sent_us;
    uint64_t resolved_us = 0;  ///< 0: not yet.
    bool failed = false;       ///< There is no such neighbour.

    bool holds_room() const { return resolved_us == 0 && !failed; }
  };

  bool empty() const { return waits_.empty(); }
  /// nullptr if no probe of this target waits.
  const Wait* find(uint64_t target) const;
  /// Returns false if the table has no room. Precondition: no probe of this target waits.
  bool begin(uint64_t target, Family family, uint32_t block, uint32_t host, uint64_t now_us);
  /// The neighbour is known: its entry no longer counts. Does nothing if no probe of the target waits.
  void resolved(uint64_t target, uint64_t now_us);
  /// There is no such neighbour: its entry makes room for others.
  void failed(uint64_t target);
  /// The waiting probe of the target has ended.
  void end(uint64_t target);

 private:
  NeighbourRoom& room_;
  std::unordered_map<uint64_t, Wait> waits_;  // by index in the target set
};

}  // namespace portloop
