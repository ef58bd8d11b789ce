#include "plan/scan_space.hpp"

namespace portloop {

uint64_t ScanSpace::order_blocks_per_block() const {
  const uint64_t hosts = order.block_size() / order.ports();
  const uint64_t probes = order.block_size() / shard.count;
  return probes >= hosts ? 1 : hosts / std::max<uint64_t>(1, probes);
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
