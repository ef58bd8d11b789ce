// What a person asked `portloop scan` for, parsed and checked; names are not looked up yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/call_from.hpp"
#include "cli/options/order_choice.hpp"
#include "cli/options/output_choice.hpp"
#include "cli/targets/target_words.hpp"
#include "cli/terminal/colour.hpp"
#include "cli/terminal/progress.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"

namespace portloop {

enum class BannerChoice : uint8_t { none, read, http };

/// What becomes of a host that accepts connections on every port.
enum class AllOpenChoice : uint8_t {
  skip,  ///< It is probed no more.
  scan,
};

/// How the ports are probed.
struct ScanSettings {
  uint32_t loops = 1;  ///< 0: one for each processor.
  std::optional<uint32_t> in_flight;
  double rate_per_s = 0;  ///< 0: no limit.
  uint32_t timeout_ms = 1000;
  std::optional<uint32_t> retries;  ///< Adaptive if not set.
  bool adaptive = true;
  OrderChoice order;
  Shard shard;
  bool portable_connector = false;
  CallFrom call_from;
  uint32_t stop_after = 0;  ///< Open ports after which no more ports of a host are probed; 0: never.
  AllOpenChoice all_open = AllOpenChoice::skip;
  PortSet excluded_ports;  ///< Not probed for any reason.
  BannerChoice banners = BannerChoice::none;
  uint32_t banner_timeout_ms = 2000;
  bool identify = false;                ///< Find out what speaks on open ports.
  uint32_t identify_timeout_ms = 5000;  ///< Maximum of each wait.
  bool printers = false;                ///< Send to ports of printers, too.
};

struct ScanRequest {
  TargetWords targets;
  PortSet ports;
  ScanSettings settings;
  bool discover = false;  ///< First find the addresses that answer, then scan only those.

  std::vector<OutputChoice> outputs;
  bool overwrite = false;
  bool show_all = false;
  ProgressChoice progress = ProgressChoice::automatic;
  bool quiet = false;
  bool verbose = false;
  bool confined = true;         ///< Give up what the scan doesn't need of the system (system/confinement.hpp).
  uint64_t stats_every_ms = 0;  ///< The interval of status lines; 0: none.
  bool list_names = false;      ///< A list has host names instead of addresses, if there are some.
  bool nmap_command = false;    ///< Print the nmap commands for the open ports at the end.
  uint64_t max_time_ms = 0;     ///< After which this run is stopped; 0: no limit.
  ColourChoice colour = ColourChoice::automatic;
  bool live = false;  ///< On a terminal, each result as it is found, instead of a table of hosts.

  std::string checkpoint_file;  ///< Where the scan's state is saved; empty: nowhere.
  std::string resume_file;      ///< If set, all but `words` and the options about this run comes from there.
  /// The arguments as given, without --checkpoint and --resume, and with `--shard auto` resolved: for the checkpoint.
  std::vector<std::string> words;
  std::string command_line;
};

}  // namespace portloop
