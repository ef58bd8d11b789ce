#include "plan/live_blocks.hpp"

#include <algorithm>

namespace portloop {
namespace {

// 2^21 half bytes for the probes, and 2^15 hosts of at most 64 bytes.
constexpr uint64_t max_live_probes = uint64_t{1} << 21;
constexpr uint64_t max_live_hosts = uint64_t{1} << 15;

}  // namespace

bool LiveBlocks::has_room_for(const ScanSpace& space, uint64_t number) const {
  if (empty()) return true;
  const uint64_t probes = space.first_position(number + 1) - space.first_position(number);
  const uint64_t hosts = space.max_hosts(probes);
  return hosts_ + hosts <= max_live_hosts && probes_ + probes <= max_live_probes;
}

Block& LiveBlocks::open(std::shared_ptr<const ScanSpace> space, uint64_t number, std::optional<uint32_t> retries) {
  const auto vacant =
      std::find_if(blocks_.begin(), blocks_.end(), [](const Place& place) { return place.block == nullptr; });
  const auto place = static_cast<uint32_t>(vacant - blocks_.begin());
  auto block = std::make_unique<Block>(*space, number, place, retries);
  if (vacant == blocks_.end()) blocks_.emplace_back();
  hosts_ += block->hosts.size();
  probes_ += block->size();
  blocks_[place] = {std::move(space), std::move(block)};
  ++count_;
  return *blocks_[place].block;
}

void LiveBlocks::forget(Block& block) {
  hosts_ -= block.hosts.size();
  probes_ -= block.size();
  --count_;
  blocks_[block.place()] = {};
}

}  // namespace portloop
