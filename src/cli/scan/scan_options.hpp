// Parses the options of `portloop scan`.
#pragma once

#include <optional>

#include "cli/options/cxxopts.hpp"
#include "cli/record/checkpoint.hpp"
#include "cli/scan/scan_request.hpp"
#include "cli/system/system_services.hpp"

namespace portloop {

/// Returns nullopt if --help or --json-schema was given, and printed. Throws UsageError.
std::optional<ScanRequest> parse_scan_options(int argc, const char* const* argv, const SystemServices& services);

/// What other commands that scan have in common with it: adds the options for targets and for how they are probed.
void add_probe_options(cxxopts::Options& options);

/// Parses those, and the options about a run. The positional words are called "target". `command`: such as "watch", for
/// messages. Throws UsageError.
ScanRequest parse_probe_options(const cxxopts::ParseResult& given, const SystemServices& services, const char* command);

/// The request that the checkpoint's scan was started with. Options about this run are taken from `given`. Throws
/// UsageError if `given` has any other option that differs from those recorded.
ScanRequest resumed_request(const ScanRequest& given, const Checkpoint& checkpoint, const SystemServices& services);

}  // namespace portloop
