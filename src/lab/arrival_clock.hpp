// The arrival time of a packet, as opposed to the time at which the lab reads it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "lab/descriptor.hpp"

namespace portloop::lab {

/// Next to own_ipv4_address; only marks are sent there.
inline constexpr std::string_view mark_address = "100.64.0.2";

/// The device's queue is first in, first out, and doesn't report its length. So while the lab is behind, it sends marks
/// of its own into that queue: packets that are read before a mark had arrived before the mark was sent. A round trip
/// is measured from then on, so waiting in the queue neither adds to it nor goes unnoticed.
class ArrivalClock {
 public:
  /// Marks are UDP datagrams sent from the process's own namespace. If there is no socket for them, the arrival time is
  /// the time of reading.
  ArrivalClock();

  /// Call it when packets may be waiting. Sends a mark if the last one is older than 250 us.
  void mark(uint64_t now_ns);

  /// Returns true if the packet is a mark that has left the queue. The simulated network must not see it.
  bool take_mark(std::span<const uint8_t> packet);

  /// Call it when the queue has been found empty: then no mark is in it.
  void drained() { oldest_ = next_; }

  /// The latest time at which a packet that is read now can have arrived.
  uint64_t arrival_ns(uint64_t now_ns) const { return oldest_ == next_ ? now_ns : sent_ns_[oldest_ % sent_ns_.size()]; }

 private:
  Descriptor socket_;
  uint16_t port_ = 0;  // ours, network byte order
  uint64_t last_sent_ns_ = 0;
  // Marks in the queue have the numbers oldest_ up to next_.
  uint64_t oldest_ = 0;
  uint64_t next_ = 0;
  std::array<uint64_t, 4096> sent_ns_{};
};

}  // namespace portloop::lab
