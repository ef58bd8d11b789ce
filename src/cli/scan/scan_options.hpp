// What a person asked `portloop scan` for, read and checked, but with names not looked up yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/targets/system_services.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"

namespace portloop {

/// Which addresses of a name are taken.
enum class WantedFamily : uint8_t { any, ipv4, ipv6 };

/// Where a format goes: -f FORMAT is standard output, -o FORMAT=FILE a file.
struct OutputChoice {
  std::string format;
  std::string file;  ///< Empty: standard output.
};

/// From -f and every -o. Throws UsageError.
std::vector<OutputChoice> read_outputs(const std::string& format, const std::vector<std::string>& more);

enum class ProgressChoice : uint8_t { automatic, always, never };

struct ScanRequest {
  std::vector<std::string> targets;
  std::vector<std::string> input_files;  ///< "-" is standard input.
  std::vector<std::string> excluded;
  std::vector<std::string> exclude_files;
  PortSet ports;
  WantedFamily family = WantedFamily::any;
  bool all_addresses = false;

  uint32_t loops = 1;
  std::optional<uint32_t> in_flight;
  double rate_per_s = 0;
  uint32_t timeout_ms = 1000;
  std::optional<uint32_t> retries;
  bool adaptive = true;
  Order order = Order::random;
  uint64_t seed = 0;
  bool seed_given = false;
  Shard shard;
  bool portable_connector = false;
  uint32_t stop_after = 0;  ///< Open ports after which a host is asked no more; 0: never.
  bool discover = false;    ///< Find out first which addresses answer.

  bool banners = false;
  bool banners_http = false;
  uint32_t banner_timeout_ms = 2000;

  std::vector<OutputChoice> outputs;
  bool overwrite = false;
  bool show_all = false;
  ProgressChoice progress = ProgressChoice::automatic;
  bool quiet = false;
  bool colour = true;

  /// Where the scan's state is written as it goes; empty for nowhere.
  std::string checkpoint_file;
  /// Set: nothing else of the request is, but `words`; what is to be done stands in that file.
  std::string resume_file;
  /// The arguments as given, without those about checkpoints, and with `--shard auto` resolved: what a checkpoint records.
  std::vector<std::string> words;

  std::string command_line;
};

/// Nothing where --help was asked for, and printed. Throws UsageError.
std::optional<ScanRequest> parse_scan_options(int argc, const char* const* argv, const SystemServices& services);

struct Checkpoint;

/// The request that the checkpoint's scan was started with, as far as a checkpoint records it, with what `given` says
/// about the terminal. Throws UsageError where `given` has other options than were recorded.
ScanRequest resumed_request(const ScanRequest& given, const Checkpoint& checkpoint, const SystemServices& services);

}  // namespace portloop
