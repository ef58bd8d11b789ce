#include "plan/live_blocks.hpp"

#include <algorithm>

namespace portloop {
namespace {

// Five bits for each probe, and at most 64 bytes for each host. Two blocks, so that one is drawn while the other is
// waited for; of groups, one and the early ports of the next.
constexpr uint64_t max_live_probes = uint64_t{1} << 21;
constexpr uint64_t max_live_hosts = uint64_t{1} << 15;
constexpr uint64_t max_live_probes_of_groups = (uint64_t{1} << 24) + max_live_probes;
constexpr uint64_t max_live_hosts_of_groups = 2 * max_live_hosts;

uint64_t max_probes(const ScanSpace& space) {
  return space.order.blocks_per_group() == 1 ? max_live_probes : max_live_probes_of_groups;
}

}  // namespace

bool LiveBlocks::has_room_for(const ScanSpace& space, uint64_t number) const {
  if (empty()) return true;
  const ScanSpace::Runs runs = space.runs_of(number);
  const uint64_t hosts = space.max_hosts(runs.size());
  const uint64_t max_hosts = space.order.blocks_per_group() == 1 ? max_live_hosts : max_live_hosts_of_groups;
  return hosts_ + hosts <= max_hosts && probes_ + (runs.are_apart() ? runs.early() : runs.size()) <= max_probes(space);
}

bool LiveBlocks::extend_ledger(Block& block) {
  const uint32_t more = block.size() - block.ledger_size();
  if (probes_ + more > max_probes(block.space())) return false;
  probes_ += more;
  block.extend_ledger();
  return true;
}

Block* LiveBlocks::find(const ScanSpace& space, uint64_t number) {
  for (const Place& place : blocks_) {
    if (place.block != nullptr && place.block->number() == number && place.space.get() == &space)
      return place.block.get();
  }
  return nullptr;
}

Block& LiveBlocks::open(std::shared_ptr<const ScanSpace> space, uint64_t number, std::optional<uint32_t> retries) {
  const auto vacant =
      std::find_if(blocks_.begin(), blocks_.end(), [](const Place& place) { return place.block == nullptr; });
  const auto place = static_cast<uint32_t>(vacant - blocks_.begin());
  auto block = std::make_unique<Block>(*space, number, place, retries);
  if (vacant == blocks_.end()) blocks_.emplace_back();
  hosts_ += block->hosts.size();
  probes_ += block->ledger_size();
  blocks_[place] = {std::move(space), std::move(block)};
  ++count_;
  return *blocks_[place].block;
}

void LiveBlocks::forget(Block& block) {
  hosts_ -= block.hosts.size();
  probes_ -= block.ledger_size();
  --count_;
  blocks_[block.place()] = {};
}

}  // namespace portloop
