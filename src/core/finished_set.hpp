// Which positions of a shard's order have their result: what a checkpoint keeps.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portloop {

/// Both ends belong to the range.
struct PositionRange {
  uint64_t first;
  uint64_t last;
  friend constexpr bool operator==(const PositionRange&, const PositionRange&) = default;
};

/// Sorted, disjoint, never adjacent.
std::vector<PositionRange> merged_ranges(std::vector<PositionRange> ranges);

/// A mark below which everything is finished, and a bit for each position above it, in chunks that are
/// forgotten when they are full. Probes are drawn in order, so what lies above the mark is bounded by the
/// plan's live window, not by the scan. A value; not safe to change from two threads.
class FinishedSet {
 public:
  /// Adding a position twice counts once. Constant time, but for the mark's way forward.
  void add(uint64_t position);
  void add(PositionRange range);
  bool contains(uint64_t position) const;

  /// The lowest position that is not finished.
  uint64_t mark() const { return mark_; }
  /// How many are finished.
  uint64_t size() const { return size_; }
  std::vector<PositionRange> ranges() const;

  /// Lengths of alternating runs: finished (from position 0, perhaps none), unfinished, finished, ... such as
  /// "100 3 1 2 7". About two bytes a run.
  std::string to_text() const;
  /// Nothing where the text is not what to_text() writes.
  static std::optional<FinishedSet> parse(std::string_view text);

 private:
  static constexpr uint64_t chunk_bits = 4096;
  struct Chunk {
    uint32_t count = 0;
    std::unique_ptr<std::array<uint64_t, chunk_bits / 64>> bits;  // none: full
  };

  void advance_mark();

  uint64_t mark_ = 0;
  uint64_t size_ = 0;
  std::map<uint64_t, Chunk> chunks_;  // by position / chunk_bits; those that hold a position above the mark
};

}  // namespace portloop
