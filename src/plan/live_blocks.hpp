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
  Block& operator[](uint32_t place) { return *blocks_[place].block; }
  const Block& operator[](uint32_t place) const { return *blocks_[place].block; }
  bool empty() const { return hosts_ == 0; }
  /// How many there are.
  uint32_t count() const { return count_; }
  /// Whether one more block, of `space`, is within the limits. The first one always is.
  bool has_room_for(const ScanSpace& space, uint64_t number) const;
  /// The live block with that number, or nullptr.
  Block* find(const ScanSpace& space, uint64_t number);
  /// Gives the other ports of a block of a group their room in its ledger. Returns false if there is none now.
  bool extend_ledger(Block& block);
  /// Keeps the space until the block is forgotten.
  Block& open(std::shared_ptr<const ScanSpace> space, uint64_t number, std::optional<uint32_t> retries);
  void forget(Block& block);

  /// Places, some of them vacant.
  uint32_t places() const { return static_cast<uint32_t>(blocks_.size()); }
  /// nullptr if the place is vacant.
  Block* at(uint32_t place) { return blocks_[place].block.get(); }
  const Block* at(uint32_t place) const { return blocks_[place].block.get(); }

 private:
  struct Place {
    std::shared_ptr<const ScanSpace> space;
    std::unique_ptr<Block> block;  // nullptr if the place is vacant
  };
  std::vector<Place> blocks_;
  uint32_t count_ = 0;
  uint64_t hosts_ = 0;
  uint64_t probes_ = 0;
};

}  // namespace portloop
