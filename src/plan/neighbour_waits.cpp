#include "plan/neighbour_waits.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {

namespace {

bool any_contains(const std::vector<AddressRange>& ranges, const Address& address) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), address,
                       [](const Address& value, const AddressRange& range) { return value < range.first; });
  return after != ranges.begin() && address <= (after - 1)->last;
}

}  // namespace

bool OwnLinks::contains(const Address& address) const { return any_contains(on_link, address); }

bool OwnLinks::is_own(const Address& address) const { return any_contains(own, address); }

bool OwnLinks::is_unresolved(const Address& address) const {
  return contains(address) && !std::binary_search(known.begin(), known.end(), address);
}

bool NeighbourRoom::take(Family family) {
  const uint32_t before = place(held_, family).fetch_add(1, std::memory_order_relaxed);
  if (before < place(limits_, family).load(std::memory_order_relaxed)) return true;
  give_back(family);
  return false;
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
  room_.give_back(found->second.family);
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
