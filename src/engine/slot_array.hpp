// The slots of a scan. They never move, because libuv keeps pointers to their timers.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/connect_slot.hpp"
#include "engine/connector.hpp"

namespace portloop {

/// Grows on demand and never shrinks. Not thread-safe.
class SlotArray {
 public:
  /// `loop` and `scanner` outlive the slots.
  SlotArray(uv_loop_t* loop, Scanner* scanner) : loop_(loop), scanner_(scanner) {}

  size_t size() const { return slots_.size(); }
  ConnectSlot& operator[](size_t number) { return *slots_[number]; }

  /// Returns a slot that is State::free, and which the caller takes into use: if possible one whose last probe was of
  /// the same kind, else a new one; once there are `max_slots`, any free one. There must be one then. Throws
  /// std::bad_alloc.
  ConnectSlot& take(uint32_t kind, size_t max_slots);

  /// Frees a slot that is in use. Never throws.
  void free(ConnectSlot& slot) noexcept;

  /// Whether the timers keep the loop alive. They do by default.
  void set_referenced(bool referenced);

 private:
  void add();

  uv_loop_t* loop_;
  Scanner* scanner_;
  bool referenced_ = true;
  std::vector<std::unique_ptr<ConnectSlot>> slots_;
  std::array<std::vector<uint32_t>, Connector::kinds>
      free_;  // by the kind of their last probe; each can hold all slots
};

}  // namespace portloop
