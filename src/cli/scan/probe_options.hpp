// From what a person asked for to the options of the library.
#pragma once

#include <cstdint>

#include "cli/scan/scan_request.hpp"
#include "core/finished_set.hpp"
#include "core/port_set.hpp"
#include "core/target_set.hpp"
#include "portloop/portloop.hpp"

namespace portloop {

/// What this machine grants of --loops and --in-flight.
struct ScanLimits {
  uint32_t loops = 1;
  uint32_t in_flight = 1;
  uint32_t identify_sockets = 0;  ///< Of the descriptors, what --identify has for itself.
};

/// Raises the limit of open files. Reports on stderr, unless `quiet`, if fewer connects than asked for will be in
/// flight.
ScanLimits choose_limits(const ScanSettings& settings, bool quiet);

/// For discovery: no banners, and every address is probed until its end. Throws CannotRun.
Options discovery_options(const TargetSet& targets, const PortSet& ports, const ScanSettings& settings,
                          const ScanLimits& limits);

/// For the scan itself, without the positions that an earlier run has finished. Throws CannotRun.
Options full_scan_options(const TargetSet& targets, const PortSet& ports, const ScanSettings& settings,
                          const ScanLimits& limits, const FinishedSet& finished);

/// The same for targets that are added while it runs.
Options open_scan_options(const PortSet& ports, const ScanSettings& settings, const ScanLimits& limits);

}  // namespace portloop
