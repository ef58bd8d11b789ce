// The addresses for which a router looks in vain: their packets wait, and are answered together when it gives up.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "core/address.hpp"
#include "lab/chance.hpp"
#include "lab/due_queue.hpp"
#include "lab/packet.hpp"

namespace portloop::lab {

/// The ICMP error for a packet that waits.
struct WaitingError {
  Packet packet;
  uint64_t draw = 0;  ///< For its loss and jitter.
};

class UnresolvedHosts {
 public:
  /// How many packets of one address wait: unres_qlen of a Linux router. A further one replaces the oldest.
  static constexpr size_t max_waiting = 101;

  struct Failed {
    Address address;
    uint64_t at_ns = 0;
    std::deque<WaitingError> errors;
  };

  /// Adds an error, which the caller fills in. If the router isn't looking for the address, it begins now, and gives up
  /// at `fails_ns`. Returns true through `replaced` if the oldest error was dropped for it.
  WaitingError& add(const Address& address, uint64_t fails_ns, bool& replaced);

  /// The time at which the router next gives up, or UINT64_MAX.
  uint64_t next_ns() const { return failures_.earliest_ns(); }

  /// Removes the address of next_ns(). There must be one.
  Failed take();

 private:
  std::unordered_map<Address, std::deque<WaitingError>, AddressHash> waiting_;
  DueQueue<Address> failures_;
};

}  // namespace portloop::lab
