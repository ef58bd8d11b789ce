// Hosts on the machine's own links whose neighbour entry is being resolved.
//
// The kernel looks for such a host for about 3 s, and holds an entry of a table that all programs share. When the table
// is full, packets to further neighbours are dropped without an error. So each unresolved host has one probe in flight,
// and all loops together have no more of them than the table has room for. The entry of a neighbour that was found
// stays for half a minute or longer.
//
// Happy path: begin() when the probe is sent; resolved() when the system has found the neighbour, or its answer
// arrives; end() when the probe ends.
//
// What goes wrong:
//   - there is no such neighbour: the kernel says so after 3 s, as an error of the waiting connect
//   - the table overflowed, because other programs use it as well: see full_table_watch
//   - no news at all, because events were lost: the wait ends by its timeout, and the plan asks again
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <unordered_map>

#include "core/address.hpp"

namespace portloop {

/// Room in the neighbour tables, by family, shared by the loops of a scan. Thread-safe.
class NeighbourRoom {
 public:
  /// The table has been read: `entries` may be held now; what is held already stays. `found_before` is what found()
  /// returned before it was read.
  void set_limit(Family family, uint32_t entries, uint32_t found_before = 0);
  /// Entries of neighbours that are looked for.
  uint32_t held(Family family) const { return place(family).held.load(std::memory_order_relaxed); }
  /// Neighbours that were found, in all. Wraps.
  uint32_t found(Family family) const { return place(family).found.load(std::memory_order_relaxed); }
  /// Returns whether there was room.
  bool take(Family family);
  void give_back(Family family) { place(family).held.fetch_sub(1, std::memory_order_relaxed); }
  /// The neighbour was found: its entry is held no longer, but it stays in the table.
  void keep(Family family);
  /// How often the table was full when some program needed an entry, as far as it has been read. Wraps.
  void set_overflows(Family family, uint32_t overflows) {
    place(family).overflows.store(overflows, std::memory_order_relaxed);
  }
  uint32_t overflows(Family family) const { return place(family).overflows.load(std::memory_order_relaxed); }

 private:
  struct Table {
    std::atomic<uint32_t> limit{UINT32_MAX};
    std::atomic<uint32_t> held{0};
    std::atomic<uint32_t> found{0};
    std::atomic<uint32_t> found_at_read{0};
    std::atomic<uint32_t> overflows{0};
  };
  Table& place(Family family) { return tables_[family == Family::ipv6]; }
  const Table& place(Family family) const { return tables_[family == Family::ipv6]; }

  std::array<Table, 2> tables_;
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
  /// The neighbour is known. Does nothing if no probe of the target waits.
  void resolved(uint64_t target, uint64_t now_us);
  /// Whether the table has overflowed since the probe was sent, which then may never have left. Precondition: one
  /// waits.
  bool overflowed(uint64_t target) const;
  /// There is no such neighbour: its entry makes room for others.
  void failed(uint64_t target);
  /// The waiting probe of the target has ended.
  void end(uint64_t target);

 private:
  NeighbourRoom& room_;
  std::unordered_map<uint64_t, Wait> waits_;  // by the number of the target: see ScanSpace::address()
};

}  // namespace portloop
