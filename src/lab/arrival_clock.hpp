// When a packet arrived, as opposed to when the lab got round to reading it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "lab/descriptor.hpp"

namespace portloop::lab {

/// The device's queue is first in, first out, and says nothing about its length. So while the lab is behind,
/// it sends marks of its own into that queue: whatever is read before a mark comes out had arrived before the
/// mark went in. A round trip counts from then, and a queue in the lab neither adds to it nor stays unseen.
class ArrivalClock {
 public:
  /// Marks are UDP datagrams from the process's own namespace; without a socket for them, packets count as
  /// having arrived when they are read.
  ArrivalClock();

  /// To be called when packets may be waiting. Sends a mark where the last one is older than 250 us.
  void mark(uint64_t now_ns);

  /// Whether the packet is a mark that has come out of the queue, which is no business of the network.
  bool take_mark(std::span<const uint8_t> packet);

  /// The queue was seen empty: no mark is in it.
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
