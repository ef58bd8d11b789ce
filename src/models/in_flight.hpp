// How many connects the threads of a model have in flight at the same time, and how many sockets.
#pragma once

#include <atomic>
#include <cstdint>

namespace portloop {

/// Thread-safe. Two additions to one counter for each connect, which costs a thousandth of the shortest connect.
class InFlight {
 public:
  void enter() { connects_.add(); }
  void leave() { connects_.remove(); }
  uint64_t peak() const { return connects_.peak(); }

  void socket_opened() { sockets_.add(); }
  void socket_closed() { sockets_.remove(); }
  uint64_t peak_sockets() const { return sockets_.peak(); }

 private:
  class Count {
   public:
    void add() {
      const uint32_t now = now_.fetch_add(1, std::memory_order_relaxed) + 1;
      uint32_t peak = peak_.load(std::memory_order_relaxed);
      while (peak < now && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
      }
    }
    void remove() { now_.fetch_sub(1, std::memory_order_relaxed); }
    uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }

   private:
    alignas(64) std::atomic<uint32_t> now_{0};  // written by every connect: not on a line with anything else
    alignas(64) std::atomic<uint32_t> peak_{0};
  };

  Count connects_, sockets_;
};

}  // namespace portloop
