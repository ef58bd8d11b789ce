#include "plan/neighbour_waits.hpp"

#include <cassert>

namespace portloop {

void NeighbourRoom::set_limit(Family family, uint32_t entries, uint32_t found_before) {
  Table& table = place(family);
  table.limit.store(entries, std::memory_order_relaxed);
  table.found_at_read.store(found_before, std::memory_order_relaxed);
}

bool NeighbourRoom::take(Family family) {
  Table& table = place(family);
  const uint64_t held = table.held.fetch_add(1, std::memory_order_relaxed);
  const uint32_t found_since =
      table.found.load(std::memory_order_relaxed) - table.found_at_read.load(std::memory_order_relaxed);
  if (held + found_since < table.limit.load(std::memory_order_relaxed)) return true;
  give_back(family);
  return false;
}

void NeighbourRoom::keep(Family family) {
  place(family).found.fetch_add(1, std::memory_order_relaxed);
  give_back(family);
}

NeighbourWaits::~NeighbourWaits() {
  for (const auto& [target, wait] : waits_) {
    if (wait.holds_room()) room_.give_back(wait.family);
  }
}

const NeighbourWaits::Wait* NeighbourWaits::find(uint64_t target) const {
  const auto found = waits_.find(target);
  return found == waits_.end() ? nullptr : &found->second;
}

bool NeighbourWaits::begin(uint64_t target, Family family, uint32_t block, uint32_t host, uint64_t now_us) {
  assert(!waits_.contains(target));
  if (!room_.take(family)) return false;
  try {
    waits_.emplace(target, Wait{family, block, host, now_us});
  } catch (...) {  // no memory
    room_.give_back(family);
    throw;
  }
  return true;
}

void NeighbourWaits::resolved(uint64_t target, uint64_t now_us) {
  const auto found = waits_.find(target);
  if (found == waits_.end() || !found->second.holds_room()) return;
  found->second.resolved_us = now_us;
  room_.keep(found->second.family);
}

void NeighbourWaits::failed(uint64_t target) {
  const auto found = waits_.find(target);
  if (found == waits_.end() || !found->second.holds_room()) return;
  found->second.failed = true;
  room_.give_back(found->second.family);
}

void NeighbourWaits::end(uint64_t target) {
  const auto found = waits_.find(target);
  assert(found != waits_.end());
  if (found->second.holds_room()) room_.give_back(found->second.family);
  waits_.erase(found);
}

}  // namespace portloop
