// The neighbours that a scan's packets pass first, as far as the system had entries for them, or needs them, when the
// scan started: what it has reported of them since.
//
// A packet to a neighbour with an old entry is sent to the address of a network card that may be gone, and for 5 s the
// system doesn't ask whether it is. A packet to a gateway that is not there never leaves this machine. So silence is no
// verdict on a port as long as its next hop is not confirmed.
//
// Happy path: an answer arrives through it, or the system reports that it is there: confirmed.
//
// What goes wrong:
//   - the system looks for it in vain, or discards its entry: absent. What was asked meanwhile does not count
//   - it is there, with another network card than before: what was asked before does not count
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/neighbour_event.hpp"
#include "plan/own_links.hpp"

namespace portloop {

/// Not thread-safe: one for each loop.
class NextHops {
 public:
  enum class State : uint8_t {
    confirmed,
    unconfirmed,
    unresolved,  ///< There is no entry; a packet makes the system look for it.
    absent,      ///< As unresolved, and it was looked for in vain.
  };
  struct Hop {
    Address address;
    State state;
    uint64_t link_address;
    uint64_t changed_us = 0;        ///< When it was found anew, or with another link address; 0: it was not.
    uint64_t absent_us = 0;         ///< When it was last looked for in vain.
    uint64_t missing_since_us = 0;  ///< The first time in a row that it was; 0: it was not.
  };

  /// As long as a route that is away is waited for (RouteWatch).
  static constexpr uint64_t max_outage_us = 30'000'000;

  explicit NextHops(const OwnLinks& links);

  /// nullptr if it is not followed: on an own link, it has no entry yet; behind a gateway, that one was confirmed.
  const Hop* of(const Address& target) const;
  /// Something has answered through it. Does nothing if it is not followed.
  void heard(const Address& target);
  /// Whether it has been looked for in vain for so long that nothing more is expected.
  bool stays_away(const Address& address, uint64_t now_us) const;
  /// The neighbour need not be followed; returns whether it is.
  bool report(const NeighbourEvent& event, uint64_t now_us);

 private:
  size_t index_of(const Address& address) const;
  size_t index_of_hop(const Address& target) const;

  const OwnLinks& links_;
  std::vector<Hop> hops_;  // sorted by address
};

}  // namespace portloop
