// Values with a due time, in a binary heap ordered by that time, then by the order of insertion.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace portloop::lab {

template <class Value>
class DueQueue {
 public:
  static constexpr uint64_t never = UINT64_MAX;

  /// The time at which the earliest value is due, or `never`.
  uint64_t earliest_ns() const { return heap_.empty() ? never : heap_.front().due_ns; }

  void add(uint64_t due_ns, Value value) {
    heap_.push_back({due_ns, added_++, value});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  /// Removes the earliest value and returns it. The queue must not be empty.
  Value take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Value value = heap_.back().value;
    heap_.pop_back();
    return value;
  }

 private:
  struct Entry {
    uint64_t due_ns;
    uint64_t number;
    Value value;
  };
  static bool later(const Entry& a, const Entry& b) {
    return a.due_ns != b.due_ns ? a.due_ns > b.due_ns : a.number > b.number;
  }

  std::vector<Entry> heap_;
  uint64_t added_ = 0;
};

}  // namespace portloop::lab
