// The results of open ports that wait until the decoys of their host are decided, so that whoever receives them knows
// what they are worth.
//
// Happy path: hold() stores a result; settle() takes what was found out about its host; take_ready() returns the stored
// results one by one.
//
// What goes wrong:
//   - the host accepts everything, and is asked no more: one result is reported, the others are dropped and counted
//   - a banner is still being read when its host is decided: the host is remembered until the reading has ended
//   - the scan is stopped: release_all(), and what is stored is reported as it is
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "engine/stored_result.hpp"

namespace portloop {

/// Not thread-safe.
class SuspectHosts {
 public:
  /// `stops`: a host that accepts everything is asked no more.
  explicit SuspectHosts(bool stops) : stops_(stops) {}

  /// The banner of an open port of a host whose decoys are out is being read.
  void reading_begins(const Address& address) { ++hosts_[address].readings; }
  /// That has ended: whether the result is to be reported now. Otherwise it was stored or dropped.
  bool reading_ended(const ProbeResult& result);
  /// Stores the result of a host whose decoys are out. Takes its connection, if it has one.
  void hold(const ProbeResult& result);
  void settle(const ProbePlan::HostFinding& finding);
  void release_all();

  bool any_ready() const { return !ready_.empty(); }
  /// Precondition: any_ready().
  StoredResult take_ready();
  /// Open ports that are not reported.
  uint64_t dropped() const { return dropped_; }
  void note_dropped() { ++dropped_; }
  /// In a child process: the connections are the parent's.
  void abandon() noexcept;

 private:
  struct Host {
    std::vector<StoredResult> held;
    uint32_t readings = 0;
    bool is_decided = false;
    bool reports_no_more = false;  // it accepts everything, and has its one result
    bool accepts_all = false;
  };

  void forget_if_done(const Address& address);

  bool stops_;
  std::map<Address, Host> hosts_;
  std::deque<StoredResult> ready_;
  uint64_t dropped_ = 0;
};

}  // namespace portloop
