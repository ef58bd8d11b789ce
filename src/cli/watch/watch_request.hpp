// What a person asked `portloop watch` for, parsed and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/scan/scan_request.hpp"
#include "cli/system/system_services.hpp"

namespace portloop {

struct WatchRequest {
  ScanRequest scan;  ///< Targets, ports and settings of each round's scan; quiet, verbose, colour, progress.
  uint64_t interval_ms = 300'000;
  uint64_t rounds = 0;          ///< 0: until it is stopped.
  std::optional<bool> json;     ///< Not set: rows on a terminal, JSON elsewhere.
  std::string state_file;       ///< Empty: none.
  std::string prometheus_file;  ///< Empty: none.
  std::string program;          ///< That gets the changes of each round; empty: none.
};

/// Returns nullopt if --help was given, and printed. Throws UsageError.
std::optional<WatchRequest> parse_watch_options(int argc, const char* const* argv, const SystemServices& services);

}  // namespace portloop
