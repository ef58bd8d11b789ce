#include "lab/sightings.hpp"

#include <utility>

#include "lab/chance.hpp"

namespace portloop::lab {

namespace {

// Enough for every port of eight hosts before the table first grows, which delays answers.
constexpr size_t first_slots = size_t{1} << 20;
constexpr uint64_t count_mask = 0xff;

size_t find(const std::vector<uint64_t>& slots, uint64_t identity) {
  const size_t mask = slots.size() - 1;
  size_t at = static_cast<size_t>(mix64(identity)) & mask;
  while (slots[at] != 0 && (slots[at] & ~count_mask) != identity) at = (at + 1) & mask;
  return at;
}

}  // namespace

Sightings::Sightings() : slots_(first_slots) {}

uint32_t Sightings::add(const Endpoint& endpoint) {
  uint64_t identity = mix(endpoint.port, endpoint.address) & ~count_mask;
  if (identity == 0) identity = ~count_mask;
  const size_t at = find(slots_, identity);
  if (slots_[at] == 0) {
    slots_[at] = identity | 1;
    if (++used_ > slots_.size() / 2) grow();
    return 0;
  }
  const auto before = static_cast<uint32_t>(slots_[at] & count_mask);
  if (before < count_mask) {
    ++slots_[at];
    return before;
  }
  return many_.try_emplace(identity, before).first->second++;
}

void Sightings::grow() {
  std::vector<uint64_t> wider(slots_.size() * 2);
  for (const uint64_t slot : slots_) {
    if (slot != 0) wider[find(wider, slot & ~count_mask)] = slot;
  }
  slots_ = std::move(wider);
}

}  // namespace portloop::lab
