// What is scanned, and from where the loops draw it.
//
// Happy path: one space, a set of targets times a set of ports. A scan whose input is open (engine/scan_input.hpp) has
// a space for each part of what was added: such a product, or a list of single probes. Positions and targets are
// numbered through all of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/finished_set.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/target_set.hpp"
#include "plan/hop_watch.hpp"
#include "plan/loss_estimate.hpp"
#include "plan/neighbour_waits.hpp"
#include "plan/own_links.hpp"
#include "plan/pacer.hpp"

namespace portloop {

/// The probes of one scan. Immutable: safe to read from any thread.
struct ScanSpace {
  ScanSpace(TargetSet target_set, PortSet port_set, Order order_kind, uint64_t seed, Shard part,
            std::vector<PositionRange> finished_before = {}, uint64_t block_probes = ProbeOrder::default_block_probes)
      : targets(std::move(target_set)),
        ports(std::move(port_set)),
        order(targets.size(), ports, order_kind, seed, block_probes),
        shard(part),
        finished(merged_ranges(std::move(finished_before))) {}

  /// The index of a host in the target set, and of a port in the port set.
  using Listed = ProbeOrder::Block::Local;
  /// The probes of a list, in its order; it may be empty. The sets have just their hosts and ports.
  ScanSpace(TargetSet target_set, PortSet port_set, std::vector<Listed> probes)
      : targets(std::move(target_set)),
        ports(std::move(port_set)),
        order(std::max<uint64_t>(1, targets.size()), ports, Order::sequential, 0),
        listed(std::move(probes)) {}

  TargetSet targets;
  PortSet ports;
  ProbeOrder order;
  Shard shard;
  /// The probes, if they are a list: one block, in this order.
  std::optional<std::vector<Listed>> listed;
  /// Of the parts before this one: what is numbered through all of them begins here.
  uint64_t base_position = 0;
  uint64_t base_target = 0;
  /// The callers' tags: a tag holds from a target's index to the next entry's, or of a list from a probe's. Sorted;
  /// empty if all tags are 0.
  struct TagFrom {
    uint64_t first;
    uint64_t tag;
  };
  std::vector<TagFrom> tags;
  /// Positions of the shard that an earlier run finished. They are never asked.
  std::vector<PositionRange> finished;
  /// What is known of the machine's own links; empty if nothing is. Set before the scan starts.
  OwnLinks links;

  /// Blocks of the order that the plan takes together as one of its own: more than one if a shard has so few probes of
  /// each that their hosts would not fill a block.
  uint64_t order_blocks_per_block() const;
  /// Number of the plan's block that a position belongs to.
  uint64_t block_of(uint64_t position) const {
    if (listed) return 0;
    return order.block_of(shard.index_at(position)) / order_blocks_per_block();
  }
  /// The positions of one of the plan's blocks: a run of early ports, which may be empty, and one of the others (or of
  /// all ports, if its order is such that they are mixed).
  struct Runs {
    uint64_t early_first, early_end;
    uint64_t other_first, other_end;
    uint64_t group_end;  ///< Of all blocks whose early ports are asked before the other ports of any of them.

    uint64_t early() const { return early_end - early_first; }
    uint64_t size() const { return early() + other_end - other_first; }
    bool contain(uint64_t position) const {
      return (position >= early_first && position < early_end) || (position >= other_first && position < other_end);
    }
    /// Whether other blocks are drawn between the two runs.
    bool are_apart() const { return early() > 0 && early_end != other_first; }
  };
  Runs runs_of(uint64_t block) const;
  /// Probes of the shard, finished ones included.
  uint64_t size() const { return listed ? listed->size() : shard.size_of(order.size()); }
  /// At most so many hosts are in one of the plan's blocks that has `probes`.
  uint64_t max_hosts(uint64_t probes) const {
    const uint64_t hosts_per_block = order.block_size() / std::max(1U, order.ports());
    return std::min<uint64_t>(probes, listed ? targets.size() : hosts_per_block * order_blocks_per_block());
  }
  /// The address of a target that is numbered through all parts.
  Address address(uint64_t target) const { return targets.at(target - base_target); }
  uint64_t tag_of(uint64_t position, uint64_t target) const { return tags.empty() ? 0 : find_tag(position, target); }
  /// Probes that an earlier run finished.
  uint64_t finished_count() const;
  /// The first position >= `position` that no earlier run finished; at least size() if there is none.
  uint64_t first_unfinished(uint64_t position) const;

 private:
  uint64_t position_from(uint64_t index) const { return std::min(shard.first_position_at_or_after(index), size()); }
  uint64_t find_tag(uint64_t position, uint64_t target) const;
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
  SharedHop hop;
};

/// A part of what is scanned by a scan whose input is open. Of the cursor only the position and the answers are used.
struct ScanPart {
  explicit ScanPart(ScanSpace part_space, uint32_t loops) : space(std::move(part_space)), cursor(space, loops) {}

  const ScanSpace space;
  ProbeCursor cursor;
};

}  // namespace portloop
