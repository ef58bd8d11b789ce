// What is scanned, and from where the loops draw it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "core/finished_set.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/target_set.hpp"
#include "plan/loss_estimate.hpp"
#include "plan/neighbour_waits.hpp"
#include "plan/own_links.hpp"
#include "plan/pacer.hpp"

namespace portloop {

/// The probes of one scan. Immutable: safe to read from any thread.
struct ScanSpace {
  ScanSpace(TargetSet target_set, PortSet port_set, Order order_kind, uint64_t seed, Shard part,
            std::vector<PositionRange> finished_before = {})
      : targets(std::move(target_set)),
        ports(std::move(port_set)),
        order(targets.size(), ports.size(), order_kind, seed),
        shard(part),
        finished(merged_ranges(std::move(finished_before))) {}

  TargetSet targets;
  PortSet ports;
  ProbeOrder order;
  Shard shard;
  /// Positions of the shard that an earlier run finished. They are never asked.
  std::vector<PositionRange> finished;
  /// What is known of the machine's own links; empty if nothing is. Set before the scan starts.
  OwnLinks links;

  /// Blocks of the order that the plan takes together as one of its own: more than one if a shard has so few probes of
  /// each that their hosts would not fill a block.
  uint64_t order_blocks_per_block() const;
  /// Number of the plan's block that a position belongs to.
  uint64_t block_of(uint64_t position) const {
    return order.block_of(shard.index_at(position)) / order_blocks_per_block();
  }
  /// The first position of the plan's block, at most size().
  uint64_t first_position(uint64_t block) const {
    const uint64_t order_block = block * order_blocks_per_block();
    if (order_block >= order.block_count()) return size();
    return std::min(shard.first_position_at_or_after(order_block * order.block_size()), size());
  }
  /// Probes of the shard, finished ones included.
  uint64_t size() const { return shard.size_of(order.size()); }
  /// Probes that an earlier run finished.
  uint64_t finished_count() const;
  /// The first position >= `position` that no earlier run finished; at least size() if there is none.
  uint64_t first_unfinished(uint64_t position) const;
};

/// What the loops of a scan share: the position to draw from, and what they learn of the network. Thread-safe.
struct ProbeCursor {
  ProbeCursor() = default;
  /// Starts at the first unfinished position.
  explicit ProbeCursor(const ScanSpace& space, uint32_t loops = 1)
      : chunk(chunk_of(space.size(), loops)), next_position(std::min(space.first_unfinished(0), space.size())) {}

  static constexpr uint32_t max_chunk = 256;
  /// Each of several loops draws at least 16 times, so that their shares of a small scan differ by a sixteenth at most.
  static constexpr uint32_t chunk_of(uint64_t probes, uint32_t loops) {
    if (loops <= 1) return max_chunk;
    return static_cast<uint32_t>(std::clamp<uint64_t>(probes / (uint64_t{16} * loops), 1, max_chunk));
  }

  /// Positions that a loop draws at a time.
  const uint32_t chunk = max_chunk;

  std::atomic<uint64_t> next_position{0};
  SharedPace pace;
  SharedAnswers answers;  ///< Used if the scan is one block, which all loops then work on.
  NeighbourRoom neighbours;
};

}  // namespace portloop
