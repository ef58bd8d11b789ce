#include "core/finished_set.hpp"

#include <algorithm>
#include <iterator>

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

bool FinishedSet::is_full(uint64_t chunk) const {
  const auto after = full_.upper_bound(chunk);
  return after != full_.begin() && std::prev(after)->second >= chunk;
}

bool FinishedSet::contains(uint64_t position) const {
  const uint64_t number = position / chunk_bits;
  if (is_full(number)) return true;
  const auto chunk = partial_.find(number);
  return chunk != partial_.end() && (chunk->second.bits[position % chunk_bits / 64] >> (position % 64) & 1) != 0;
}

void FinishedSet::add(uint64_t position) {
  const uint64_t number = position / chunk_bits;
  if (is_full(number)) return;
  Chunk& chunk = partial_[number];
  uint64_t& word = chunk.bits[position % chunk_bits / 64];
  const uint64_t bit = uint64_t{1} << (position % 64);
  if ((word & bit) != 0) return;
  word |= bit;
  ++size_;
  if (++chunk.count < chunk_bits) return;
  partial_.erase(number);
  add_full(number, number);
}

void FinishedSet::add(PositionRange range) {
  uint64_t position = range.first;
  const uint64_t first_whole = position / chunk_bits + (position % chunk_bits != 0);
  const uint64_t end_whole = range.last / chunk_bits + (range.last % chunk_bits == chunk_bits - 1);
  if (first_whole < end_whole && !has_any(first_whole, end_whole - 1)) {
    for (; position < first_whole * chunk_bits; ++position) add(position);
    size_ += (end_whole - first_whole) * chunk_bits;
    add_full(first_whole, end_whole - 1);
    if (range.last / chunk_bits < end_whole) return;
    position = end_whole * chunk_bits;
  }
  for (;; ++position) {
    add(position);
    if (position == range.last) return;
  }
}

/// Whether any position of these chunks is finished.
bool FinishedSet::has_any(uint64_t first_chunk, uint64_t last_chunk) const {
  const auto partial = partial_.lower_bound(first_chunk);
  const auto after = full_.upper_bound(last_chunk);
  return (partial != partial_.end() && partial->first <= last_chunk) ||
         (after != full_.begin() && std::prev(after)->second >= first_chunk);
}

/// The chunks are not in the set yet.
void FinishedSet::add_full(uint64_t first_chunk, uint64_t last_chunk) {
  const auto after = full_.upper_bound(first_chunk);
  if (after != full_.end() && after->first == last_chunk + 1) {
    last_chunk = after->second;
    full_.erase(after);
  }
  const auto next = full_.upper_bound(first_chunk);
  if (next != full_.begin() && std::prev(next)->second + 1 == first_chunk)
    std::prev(next)->second = last_chunk;
  else
    full_[first_chunk] = last_chunk;
}

std::vector<PositionRange> FinishedSet::ranges() const {
  std::vector<PositionRange> ranges;
  const auto append = [&ranges](uint64_t first, uint64_t last) {
    if (!ranges.empty() && ranges.back().last + 1 == first) {
      ranges.back().last = last;
    } else {
      ranges.push_back({first, last});
    }
  };
  auto run = full_.begin();
  const auto append_runs_before = [&](uint64_t chunk) {
    for (; run != full_.end() && run->first < chunk; ++run)
      append(run->first * chunk_bits, run->second * chunk_bits + (chunk_bits - 1));
  };
  for (const auto& [number, chunk] : partial_) {
    append_runs_before(number);
    for (uint64_t i = 0; i < chunk_bits; ++i)
      if ((chunk.bits[i / 64] >> (i % 64) & 1) != 0) append(number * chunk_bits + i, number * chunk_bits + i);
  }
  append_runs_before(UINT64_MAX);
  return ranges;
}

FinishedSet FinishedSet::without(const std::vector<uint64_t>& positions) const {
  FinishedSet rest;
  auto out = positions.begin();
  for (PositionRange range : ranges()) {
    bool ended = false;
    while (!ended && out != positions.end() && *out <= range.last) {
      if (*out > range.first) rest.add(PositionRange{range.first, *out - 1});
      ended = *out == range.last;
      range.first = *out++ + 1;
    }
    if (!ended) rest.add(range);
  }
  return rest;
}

std::string FinishedSet::to_text() const {
  const std::vector<PositionRange> all = ranges();
  std::string text(all.empty() || all.front().first > 0 ? "0" : "");
  uint64_t end = 0;
  for (const PositionRange& range : all) {
    if (range.first > 0) text += ' ' + std::to_string(range.first - end) + ' ';
    text += std::to_string(range.last + 1 - range.first);
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
