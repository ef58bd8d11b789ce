#include "plan/scan_space.hpp"

#include <bit>

namespace portloop {

uint64_t ScanSpace::order_blocks_per_block() const {
  const uint64_t hosts = order.block_size() / order.ports();
  const uint64_t probes = order.block_size() / shard.count;
  if (probes >= hosts) return 1;
  // A part of a group, or whole groups.
  const uint64_t blocks = hosts / std::max<uint64_t>(1, probes);
  const uint64_t per_group = order.blocks_per_group();
  return blocks < per_group ? std::bit_ceil(blocks) : (blocks + per_group - 1) / per_group * per_group;
}

ScanSpace::Runs ScanSpace::runs_of(uint64_t block) const {
  if (listed) return {0, 0, 0, size(), size()};
  const uint64_t count = order_blocks_per_block();
  const uint64_t first = block * count;
  const uint64_t last = std::min(first + count, order.block_count()) - 1;
  const uint64_t per_group = order.blocks_per_group();
  const uint64_t last_of_group = std::min(last / per_group * per_group + per_group, order.block_count()) - 1;
  const ProbeOrder::Runs from = order.runs_of(first);
  const ProbeOrder::Runs to = order.runs_of(last);
  const uint64_t group_end = position_from(order.runs_of(last_of_group).other_end);
  const uint64_t begin = position_from(from.early_first);
  // Several whole groups: their runs alternate.
  if (count > 1 && count >= per_group) return {begin, begin, begin, position_from(to.other_end), group_end};
  return {begin, position_from(to.early_end), position_from(from.other_first), position_from(to.other_end), group_end};
}

uint64_t ScanSpace::find_tag(uint64_t position, uint64_t target) const {
  const uint64_t sought = listed ? position - base_position : target - base_target;
  const auto after = std::upper_bound(tags.begin(), tags.end(), sought,
                                      [](uint64_t at, const TagFrom& entry) { return at < entry.first; });
  return after == tags.begin() ? 0 : (after - 1)->tag;
}

uint64_t ScanSpace::finished_count() const {
  uint64_t count = 0;
  for (const PositionRange& range : finished) {
    if (range.first < size()) count += std::min(range.last, size() - 1) - range.first + 1;
  }
  return count;
}

uint64_t ScanSpace::first_unfinished(uint64_t position) const {
  const auto after = std::upper_bound(finished.begin(), finished.end(), position,
                                      [](uint64_t at, const PositionRange& range) { return at < range.first; });
  if (after == finished.begin() || (after - 1)->last < position) return position;
  return (after - 1)->last == UINT64_MAX ? UINT64_MAX : (after - 1)->last + 1;
}

}  // namespace portloop
