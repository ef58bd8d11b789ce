// What a person asked `portloop compare` for, parsed and checked; names are not looked up yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/order_choice.hpp"
#include "cli/options/output_choice.hpp"
#include "cli/system/system_services.hpp"
#include "cli/targets/target_words.hpp"
#include "compare/contender.hpp"
#include "compare/guest_programs.hpp"
#include "core/port_set.hpp"

namespace portloop {

struct CompareRequest {
  TargetWords targets;
  PortSet ports;
  uint32_t timeout_ms = 1000;
  OrderChoice order;
  std::vector<compare::Contender> models;
  compare::Sweep sweep;
  std::vector<compare::GuestChoice> guests;
  uint32_t retries = 0;
  uint32_t runs = 5;
  uint32_t warmup = 1;
  std::string lab_profile;
  bool inside_lab = false;  ///< Internal option: this process was started by portloop-lab.
  bool one_run = false;     ///< Internal option: one run of models[0], with its ports and targets on standard input.
  bool explain = false;
  bool record = false;                ///< Internal option: that run is recorded, not measured.
  std::vector<OutputChoice> exports;  ///< The formats are those of compare::export_formats(), and "trace".
  bool lanes = false;
  bool overwrite = false;
  bool quiet = false;
  std::string command_line;
};

/// Returns nullopt if --help was given, and printed. Throws UsageError.
std::optional<CompareRequest> parse_compare_options(int argc, const char* const* argv, const SystemServices& services);

}  // namespace portloop
