// A link that carries a limited number of packets a second, with a queue in front of it that drops at its tail.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "lab/profile.hpp"

namespace portloop::lab {

class Uplink {
 public:
  explicit Uplink(const UplinkLimit& limit);

  struct Departure {
    std::vector<uint8_t> packet;
    uint64_t at_ns = 0;
    uint32_t seen_before = 0;
  };

  /// Copies the packet into the queue, with `seen_before` for the receiver. Returns false if the queue is full: then
  /// the packet is dropped.
  bool send(std::span<const uint8_t> packet, uint32_t seen_before, uint64_t now_ns);

  /// The time at which the next packet leaves, or UINT64_MAX.
  uint64_t next_ns() const { return queue_.empty() ? UINT64_MAX : queue_.front().at_ns; }

  /// Removes the packet that leaves at next_ns(). There must be one.
  Departure take();

 private:
  uint64_t packet_ns_;
  uint64_t queue_ns_;
  uint64_t free_ns_ = 0;  // the time at which the link has carried all that is queued
  std::deque<Departure> queue_;
};

}  // namespace portloop::lab
