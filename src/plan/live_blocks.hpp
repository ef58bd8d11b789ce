// The blocks that have probes without a result: a few of them, bounded whatever the size of the scan.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plan/block.hpp"

namespace portloop {

/// Not thread-safe.
class LiveBlocks {
 public:
  /// `space` outlives it.
  explicit LiveBlocks(const ScanSpace& space) : space_(space) {}

  Block& operator[](uint32_t place) { return *blocks_[place]; }
  const Block& operator[](uint32_t place) const { return *blocks_[place]; }
  bool empty() const { return hosts_ == 0; }
  /// Whether one more block is within the limits. The first one always is.
  bool has_room_for(uint64_t number) const;
  Block& open(uint64_t number, std::optional<uint32_t> retries);
  void forget(Block& block);

  /// Places, some of them vacant.
  uint32_t places() const { return static_cast<uint32_t>(blocks_.size()); }
  /// nullptr if the place is vacant.
  Block* at(uint32_t place) { return blocks_[place].get(); }
  const Block* at(uint32_t place) const { return blocks_[place].get(); }

 private:
  const ScanSpace& space_;
  std::vector<std::unique_ptr<Block>> blocks_;
  uint64_t hosts_ = 0;
  uint64_t probes_ = 0;
};

}  // namespace portloop
