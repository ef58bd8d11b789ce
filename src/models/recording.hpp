// What one run of a model did when: its connects, and the turns of its loops. Recorded by an extra run that is not
// measured; it is what the swim lanes and the trace are drawn from.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace portloop {

/// The state of one probe. `silent`: filtered, because no answer came. `none`: no result.
enum class ProbeState : uint8_t { none, open, closed, filtered, silent, unknown };
static_assert(sizeof(ProbeState) == 1);

/// One connect. Times are since the start of the run.
struct RecordedConnect {
  uint32_t start_us = 0;
  uint32_t end_us = 0;
  uint32_t probe : 24 = 0;              ///< Its number in address and port order; a comparison has at most 2^24.
  ProbeState state = ProbeState::none;  ///< `unknown`: inconclusive or failed here; `none`: the run ended before it.
  uint16_t thread = 0;                  ///< The thread that waited for it, or the loop, from 0.
  uint16_t slot = 0;                    ///< Of the loop; 0 if a thread waited.
  friend bool operator==(const RecordedConnect&, const RecordedConnect&) = default;
};
static_assert(sizeof(RecordedConnect) == 16);

/// One turn of a loop: all callbacks that it ran between two waits.
struct RecordedTurn {
  uint32_t start_us = 0;
  uint32_t end_us = 0;
  uint16_t loop = 0;
  uint16_t started = 0;  ///< Connects that the callbacks started,
  uint16_t ended = 0;    ///< and those that they ended.
  friend bool operator==(const RecordedTurn&, const RecordedTurn&) = default;
};

/// All memory is allocated by the constructor; what exceeds it is only counted. add() is thread-safe; the lists may be
/// read when all threads of the run have ended.
class Recording {
 public:
  using Clock = std::chrono::steady_clock;  // that of uv_hrtime()

  Recording(size_t max_connects, size_t max_turns, std::chrono::milliseconds limit)
      : limit_(limit), connects_(max_connects), turns_(max_turns) {}

  void begin() { began_ = Clock::now(); }
  uint32_t at_us(Clock::time_point time) const {
    return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(time - began_).count());
  }
  uint32_t now_us() const { return at_us(Clock::now()); }
  bool expired() const { return Clock::now() - began_ > limit_; }

  void add(const RecordedConnect& connect) { connects_.add(connect); }
  void add(const RecordedTurn& turn) { turns_.add(turn); }

  std::vector<RecordedConnect> connects() const { return connects_.list(); }
  std::vector<RecordedTurn> turns() const { return turns_.list(); }
  /// How many connects did not fit.
  uint64_t connects_left_out() const { return connects_.left_out(); }

 private:
  template <class Item>
  class Items {
   public:
    explicit Items(size_t max) : items_(max) {}
    void add(const Item& item) {
      const size_t place = count_.fetch_add(1, std::memory_order_relaxed);
      if (place < items_.size()) items_[place] = item;
    }
    std::vector<Item> list() const {
      return {items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(std::min(count_.load(), items_.size()))};
    }
    uint64_t left_out() const { return count_ > items_.size() ? count_ - items_.size() : 0; }

   private:
    std::vector<Item> items_;
    std::atomic<size_t> count_{0};
  };

  Clock::time_point began_ = Clock::now();
  std::chrono::milliseconds limit_;
  Items<RecordedConnect> connects_;
  Items<RecordedTurn> turns_;
};

}  // namespace portloop
