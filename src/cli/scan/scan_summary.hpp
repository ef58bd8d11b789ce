// The line that ends a scan.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/probe_order.hpp"
#include "portloop/portloop.h"

namespace portloop {

struct ScanSummary {
  uint64_t targets = 0;
  uint64_t ports = 0;                  ///< Of each target,
  bool own_ports = false;              ///< unless targets have ports of their own.
  std::optional<uint64_t> discovered;  ///< With --discover: the addresses that answered it.
  /// The addresses that answered the scan, itself or by their firewall; not if it was resumed.
  std::optional<uint64_t> answered;
  uint64_t absent_hosts = 0;  ///< On own links: addresses without a host.
  portloop_stats stats{};     ///< With the results of earlier runs.
  double elapsed_s = 0;       ///< Of all runs.
  double this_run_s = 0;
  uint64_t connects = 0;  ///< Of this run, with those of discovery.
  uint32_t stop_after = 0;
  uint64_t stopped_hosts = 0;
  uint64_t all_open_hosts = 0;              ///< That accept connections on every port.
  uint64_t banned_hosts = 0;                ///< That have begun to refuse us.
  std::map<std::string, uint64_t> unknown;  ///< How many results are unknown for each reason, of all runs.
  std::optional<uint64_t> seed;             ///< If it is to be printed.
  Shard shard;
};

std::string summary_text(const ScanSummary& summary);

/// If it ended before the scan itself began.
std::string discovery_summary_text(uint64_t targets, uint64_t answered);

}  // namespace portloop
