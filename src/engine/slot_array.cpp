#include "engine/slot_array.hpp"

#include <algorithm>
#include <cassert>

namespace portloop {

ConnectSlot& SlotArray::take(uint32_t kind, size_t max_slots) {
  std::vector<uint32_t>* from = &free_[kind];
  if (from->empty() && slots_.size() >= max_slots)
    from = &*std::find_if(free_.begin(), free_.end(), [](const auto& list) { return !list.empty(); });
  if (from->empty()) {
    add();
    from = &free_[0];
  }
  ConnectSlot& slot = *slots_[from->back()];
  from->pop_back();
  slot.kind = kind;
  return slot;
}

void SlotArray::free(ConnectSlot& slot) noexcept {
  assert(slot.state != ConnectSlot::State::free);
  slot.state = ConnectSlot::State::free;
  free_[slot.kind].push_back(slot.number);
}

/// Allocates everything before uv_timer_init(): a timer that the loop knows can't be taken back. Every list gets room
/// for every slot, so that free() never allocates.
void SlotArray::add() {
  auto slot = std::make_unique<ConnectSlot>();
  if (slots_.size() == slots_.capacity()) {
    const size_t room = std::max<size_t>(64, 2 * slots_.capacity());
    for (auto& list : free_) list.reserve(room);
    slots_.reserve(room);
  }
  slot->scanner = scanner_;
  slot->number = static_cast<uint32_t>(slots_.size());
  slot->timer.owner = slot.get();
  uv_timer_init(loop_, slot->timer.get());
  if (!referenced_) uv_unref(slot->timer.any());
  free_[0].push_back(slot->number);
  slots_.push_back(std::move(slot));
}

void SlotArray::set_referenced(bool referenced) {
  referenced_ = referenced;
  for (auto& slot : slots_) {
    referenced ? uv_ref(slot->timer.any()) : uv_unref(slot->timer.any());
  }
}

}  // namespace portloop
