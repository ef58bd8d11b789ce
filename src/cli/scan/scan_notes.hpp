// What is reported on stderr while results come in.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/terminal/progress.hpp"
#include "core/probe_result.hpp"
#include "portloop/portloop.h"

namespace portloop {

/// What report_flow_limit() reports.
std::string flow_limit_text(const portloop_stats& stats);

/// What report_unusual() reports.
std::vector<std::string> unusual_texts(const portloop_stats& stats);

class ScanNotes {
 public:
  /// `stop_after`: as in ScanSettings. `quiet`: hosts that reach it are not reported. `progress` outlives this object.
  ScanNotes(ProgressLine& progress, uint32_t stop_after, bool quiet)
      : progress_(progress), stop_after_(stop_after), quiet_(quiet) {}

  /// To be called for the first result with that reason, so that it is seen before the summary.
  void report_no_route(const Address& address);
  /// Reports once that a router's table seems to be full, if the scan has slowed down for it.
  void report_flow_limit(const portloop_stats& stats);
  /// Reports once that hosts wait for room in the neighbour table, if they do so for long.
  void report_neighbour_wait(const portloop_stats& stats);
  /// At the end: what the scan met that slowed it down, a line each.
  void report_unusual(const portloop_stats& stats);
  /// Reports a host that has reached --stop-after.
  void count_open(const Address& address);
  uint64_t stopped_hosts() const { return stopped_hosts_; }
  /// Reports a host that accepts connections on every port. `is_skipped`: it is probed no more.
  void report_all_open(const Address& address, bool is_skipped);
  /// Reports a host that has banned us, once.
  void report_ban(const Address& address);
  uint64_t banned_hosts() const { return banned_hosts_.size(); }

 private:
  ProgressLine& progress_;
  const uint32_t stop_after_;
  const bool quiet_;
  std::map<Address, uint32_t> open_counts_;  // with --stop-after, of hosts with an open port
  uint64_t stopped_hosts_ = 0;
  uint64_t all_open_hosts_ = 0;
  std::set<Address> banned_hosts_;  // each loop that finds one reports it
  bool flow_limit_reported_ = false;
  bool neighbour_wait_reported_ = false;
};

/// What people are told about a host that has banned us: one line.
std::string ban_note(const Address& address);

}  // namespace portloop
