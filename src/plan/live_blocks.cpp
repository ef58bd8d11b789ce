#include "plan/live_blocks.hpp"

#include <algorithm>

namespace portloop {
namespace {

// 2^21 half bytes for the probes, and 2^15 hosts of at most 64 bytes.
constexpr uint64_t max_live_probes = uint64_t{1} << 21;
constexpr uint64_t max_live_hosts = uint64_t{1} << 15;

}  // namespace

bool LiveBlocks::has_room_for(uint64_t number) const {
  if (empty()) return true;
  const uint64_t probes = space_.first_position(number + 1) - space_.first_position(number);
  const uint64_t hosts = std::min<uint64_t>(probes, space_.order.block_size() / space_.order.ports());
  return hosts_ + hosts <= max_live_hosts && probes_ + probes <= max_live_probes;
}

Block& LiveBlocks::open(uint64_t number, std::optional<uint32_t> retries) {
  const auto vacant = std::find(blocks_.begin(), blocks_.end(), nullptr);
  const auto place = static_cast<uint32_t>(vacant - blocks_.begin());
  auto block = std::make_unique<Block>(space_, number, place, retries);
  if (vacant == blocks_.end()) blocks_.emplace_back();
  hosts_ += block->hosts.size();
  probes_ += block->size();
  blocks_[place] = std::move(block);
  return *blocks_[place];
}

void LiveBlocks::forget(Block& block) {
  hosts_ -= block.hosts.size();
  probes_ -= block.size();
  blocks_[block.place()].reset();
}

}  // namespace portloop
