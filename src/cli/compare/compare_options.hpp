// What a person asked `portloop compare` for, read and checked, but with names not looked up yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/scan/scan_options.hpp"
#include "cli/targets/system_services.hpp"
#include "compare/contender.hpp"

namespace portloop {

struct CompareRequest {
  ScanRequest scan;  ///< Targets, ports, family, timeout, order and seed: read as `portloop scan` reads them.
  std::vector<compare::Contender> models;
  compare::Sweep sweep;
  uint32_t retries = 0;
  uint32_t runs = 5;
  uint32_t warmup = 1;
  std::string lab_profile;
  bool inside_lab = false;  ///< Hidden: this process was started by portloop-lab.
  bool one_run = false;     ///< Hidden: this process is one run of models[0]; its targets are on standard input.
  /// Where each export goes, as "json=FILE"; the formats are compare::export_formats().
  std::vector<OutputChoice> exports;
};

/// Nothing where --help was asked for, and printed. Throws UsageError.
std::optional<CompareRequest> parse_compare_options(int argc, const char* const* argv, const SystemServices& services);

}  // namespace portloop
