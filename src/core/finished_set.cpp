#include "core/finished_set.hpp"

#include <algorithm>

#include "core/parse_number.hpp"

namespace portloop {

std::vector<PositionRange> merged_ranges(std::vector<PositionRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const PositionRange& a, const PositionRange& b) { return a.first < b.first; });
  std::vector<PositionRange> merged;
  for (const PositionRange& range : ranges) {
    if (!merged.empty() && (range.first <= merged.back().last || range.first - 1 == merged.back().last)) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

bool FinishedSet::contains(uint64_t position) const {
  if (position < mark_) return true;
  const auto found = chunks_.find(position / chunk_bits);
  if (found == chunks_.end()) return false;
  const auto& bits = found->second.bits;
  return !bits || ((*bits)[position % chunk_bits / 64] >> (position % 64) & 1) != 0;
}

void FinishedSet::add(uint64_t position) {
  if (contains(position)) return;
  ++size_;
  if (position == mark_) {
    ++mark_;
    advance_mark();
    return;
  }
  Chunk& chunk = chunks_[position / chunk_bits];
  if (chunk.count == 0) {
    chunk.bits = std::make_unique<std::array<uint64_t, chunk_bits / 64>>();
    // Positions below the mark are finished too: the chunk must be full when its last position is added.
    const uint64_t start = position - position % chunk_bits;
    for (uint64_t passed = start; passed < mark_; ++passed)
      (*chunk.bits)[(passed - start) / 64] |= uint64_t{1} << (passed % 64);
    chunk.count = mark_ > start ? static_cast<uint32_t>(mark_ - start) : 0;
  }
  (*chunk.bits)[position % chunk_bits / 64] |= uint64_t{1} << (position % 64);
  if (++chunk.count == chunk_bits) chunk.bits.reset();
}

void FinishedSet::add(PositionRange range) {
  if (range.first <= mark_ && chunks_.empty()) {
    if (range.last < mark_) return;
    size_ += range.last + 1 - mark_;
    mark_ = range.last + 1;
    return;
  }
  for (uint64_t position = range.first;; ++position) {
    add(position);
    if (position == range.last) break;
  }
}

/// Called when the position before the mark has been finished. Sets that position's bit if its chunk is still needed.
void FinishedSet::advance_mark() {
  const uint64_t passed = mark_ - 1;
  auto chunk = chunks_.begin();
  if (chunk != chunks_.end() && chunk->first == passed / chunk_bits) {
    if (mark_ % chunk_bits == 0) {
      chunk = chunks_.erase(chunk);
    } else {
      (*chunk->second.bits)[passed % chunk_bits / 64] |= uint64_t{1} << (passed % 64);
      if (++chunk->second.count == chunk_bits) chunk->second.bits.reset();
    }
  }
  // From here on the first chunk is the one with the mark, or a later one.
  while (chunk != chunks_.end() && mark_ / chunk_bits == chunk->first) {
    const uint64_t end = (chunk->first + 1) * chunk_bits;
    if (!chunk->second.bits) mark_ = end;
    while (mark_ < end && contains(mark_)) ++mark_;
    if (mark_ < end) return;
    chunk = chunks_.erase(chunk);
  }
}

std::vector<PositionRange> FinishedSet::ranges() const {
  std::vector<PositionRange> ranges;
  if (mark_ > 0) ranges.push_back({0, mark_ - 1});
  const auto append = [&ranges](uint64_t first, uint64_t last) {
    if (!ranges.empty() && ranges.back().last + 1 == first) {
      ranges.back().last = last;
    } else {
      ranges.push_back({first, last});
    }
  };
  for (const auto& [number, chunk] : chunks_) {
    const uint64_t start = number * chunk_bits;
    if (!chunk.bits) {
      append(std::max(start, mark_), start + chunk_bits - 1);
      continue;
    }
    for (uint64_t position = std::max(start, mark_); position < start + chunk_bits; ++position) {
      if (((*chunk.bits)[(position - start) / 64] >> (position % 64) & 1) != 0) append(position, position);
    }
  }
  return ranges;
}

std::string FinishedSet::to_text() const {
  std::string text = std::to_string(mark_);
  uint64_t end = mark_;
  for (const PositionRange& range : ranges()) {
    if (range.first < mark_) continue;
    text += ' ' + std::to_string(range.first - end) + ' ' + std::to_string(range.last + 1 - range.first);
    end = range.last + 1;
  }
  return text;
}

std::optional<FinishedSet> FinishedSet::parse(std::string_view text) {
  FinishedSet set;
  uint64_t end = 0;
  bool finished = true;
  for (bool first = true;; first = false, finished = !finished) {
    const auto length = take_number<uint64_t>(text);
    if (!length || (*length == 0 && !first) || *length > (uint64_t{1} << 63) - end) return std::nullopt;
    if (finished && *length > 0) set.add(PositionRange{end, end + *length - 1});
    end += *length;
    if (text.empty()) return finished ? std::optional(std::move(set)) : std::nullopt;
    if (text.front() != ' ') return std::nullopt;
    text.remove_prefix(1);
  }
}

}  // namespace portloop
