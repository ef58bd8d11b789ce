// Which hosts of a watched network accept connections on every port. That a host begins to is one change, not one of
// each of its ports. Pure.
//
// Each round, found() takes the hosts that the library has found, and closed() those that have refused a connection;
// end_round() returns what has changed. That one is found is reported at once: five random ports have accepted. That it
// is an ordinary host again is reported when it refuses, and was not found.
#pragma once

#include <set>
#include <vector>

#include "core/address.hpp"

namespace portloop {

class AllOpenHosts {
 public:
  struct Change {
    Address address;
    bool accepts_all;  ///< Otherwise it is an ordinary host again.
    friend bool operator==(const Change&, const Change&) = default;
  };

  /// What an earlier run has reported. Before the first round.
  void restore(const Address& address) { reported_.insert(address); }

  void found(const Address& address) { found_.insert(address); }
  void closed(const Address& address) {
    if (reported_.contains(address)) refusing_.insert(address);
  }
  /// Whether open ports of this host are no news: it was found in this round, or reported before.
  bool covers(const Address& address) const { return found_.contains(address) || reported_.contains(address); }
  /// By address. In the first round of a watch they are learned instead (`learns`).
  std::vector<Change> end_round(bool learns);
  void abandon_round();

  const std::set<Address>& reported() const { return reported_; }

 private:
  std::set<Address> reported_;
  std::set<Address> found_, refusing_;  // in this round
};

}  // namespace portloop
