// The positions of a shard's order whose probes have their result. Checkpoints save it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
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

/// Chunks of 4,096 positions: runs of full ones, and a bitmap for each of the others. Probes are drawn in order, so the
/// number of partial chunks is bounded by the probes in progress, not by the size of the scan. Not thread-safe.
class FinishedSet {
 public:
  /// Adding a position again has no effect.
  void add(uint64_t position);
  /// Takes time for the ends of the range, not for its length, if no position between them was added before.
  void add(PositionRange range);
  bool contains(uint64_t position) const;

  /// The number of finished positions.
  uint64_t size() const { return size_; }
  std::vector<PositionRange> ranges() const;
  /// This set without some of its positions, which are sorted, each once.
  FinishedSet without(const std::vector<uint64_t>& positions) const;

  /// The lengths of alternating runs, such as "100 3 1 2 7": finished (from position 0, possibly none), unfinished,
  /// finished, and so on. About two bytes a run.
  std::string to_text() const;
  /// Returns nullopt if `text` was not written by to_text().
  static std::optional<FinishedSet> parse(std::string_view text);

 private:
  static constexpr uint64_t chunk_bits = 4096;
  struct Chunk {
    uint32_t count = 0;
    std::array<uint64_t, chunk_bits / 64> bits{};
  };

  bool is_full(uint64_t chunk) const;
  bool has_any(uint64_t first_chunk, uint64_t last_chunk) const;
  void add_full(uint64_t first_chunk, uint64_t last_chunk);

  uint64_t size_ = 0;
  std::map<uint64_t, Chunk> partial_;  // by position / chunk_bits; neither empty nor full
  std::map<uint64_t, uint64_t> full_;  // runs of full chunks: the first to the last; never adjacent
};

}  // namespace portloop
