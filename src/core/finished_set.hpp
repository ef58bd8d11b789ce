// The positions of a shard's order whose probes have their result. Checkpoints save it.
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

/// Both ends are inclusive.
struct PositionRange {
  uint64_t first;
  uint64_t last;
  friend constexpr bool operator==(const PositionRange&, const PositionRange&) = default;
};

/// Sorted, disjoint, never adjacent.
std::vector<PositionRange> merged_ranges(std::vector<PositionRange> ranges);

/// A mark below which every position is finished, and a bitmap of the positions above it, in chunks that are freed when
/// they are full. Probes are drawn in order, so the part above the mark is bounded by the probes in progress, not by
/// the size of the scan. Not thread-safe.
class FinishedSet {
 public:
  /// Adding a position again has no effect. Constant time, except for advancing the mark.
  void add(uint64_t position);
  void add(PositionRange range);
  bool contains(uint64_t position) const;

  /// The lowest position that is not finished.
  uint64_t mark() const { return mark_; }
  /// The number of finished positions.
  uint64_t size() const { return size_; }
  std::vector<PositionRange> ranges() const;

  /// The lengths of alternating runs, such as "100 3 1 2 7": finished (from position 0, possibly none), unfinished,
  /// finished, and so on. About two bytes a run.
  std::string to_text() const;
  /// Returns nullopt if `text` was not written by to_text().
  static std::optional<FinishedSet> parse(std::string_view text);

 private:
  static constexpr uint64_t chunk_bits = 4096;
  struct Chunk {
    uint32_t count = 0;
    std::unique_ptr<std::array<uint64_t, chunk_bits / 64>> bits;  // nullptr if the chunk is full
  };

  void advance_mark();

  uint64_t mark_ = 0;
  uint64_t size_ = 0;
  std::map<uint64_t, Chunk> chunks_;  // by position / chunk_bits; only those with a position above the mark
};

}  // namespace portloop
