// Hosts of a block whose neighbours were found after their ports had been drawn: those ports are asked at once, and do
// not wait for the block's next pass, which begins when the kernel has given up the neighbours that are not there.
//
// Happy path: add() when a host's neighbour is found. current() and advance() lead through the hosts in turn, first
// through their early ports; the caller asks what is owed. A host to which nothing is owed any more is forgotten.
//
// What goes wrong: a host falls silent or is lost on the way: forget_host(), and later passes ask or report it.
#pragma once

#include <cstdint>
#include <deque>

#include "core/probe_order.hpp"

namespace portloop {

/// Not thread-safe.
class LateHosts {
 public:
  /// `order` outlives it.
  LateHosts(const ProbeOrder& order, uint64_t key);

  /// `owed` of the host's ports, at least one, were drawn and are to be asked.
  void add(uint32_t host, uint32_t owed);
  bool empty() const { return early_.empty() && others_.empty(); }
  /// Ports that are to be asked, of all hosts.
  uint64_t owed() const { return owed_; }
  /// The host and port at hand, which may be one that is not owed. Precondition: not empty().
  ProbeOrder::Block::Local current() const;
  /// `asked`: it was owed, and is asked now.
  void advance(bool asked);
  /// The host at hand is not asked any further.
  void forget_host();

 private:
  struct Late {
    uint32_t host;
    uint32_t owed;
    uint32_t next = 0;  // of its early ports, or of the others
  };

  std::deque<Late>& at_hand() { return early_.empty() ? others_ : early_; }

  const ProbeOrder* order_;
  Permutation others_order_;
  std::deque<Late> early_;   // hosts that have early ports left
  std::deque<Late> others_;  // hosts that don't
  uint64_t owed_ = 0;
};

}  // namespace portloop
