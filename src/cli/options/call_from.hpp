// --source, --interface, --dscp and --mark: where a scan calls from, and how its packets are marked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options/cxxopts.hpp"
#include "core/target_set.hpp"
#include "sockets/socket_settings.hpp"

namespace portloop {

struct CallFrom {
  std::vector<std::string> sources;  ///< At most one of each family.
  std::string interface;             ///< Empty: by the routes.
  int dscp = -1;                     ///< -1: the system's.
  uint32_t mark = 0;                 ///< 0: none.
};

/// Throws UsageError.
CallFrom call_from_of(const cxxopts::ParseResult& given);

/// For sockets that the library does not make.
SocketSettings socket_settings_of(const CallFrom& from);

/// Throws UsageError if the system refuses what a scan of `targets` would need: before the outputs are opened.
void check_granted(const CallFrom& from, const TargetSet& targets);

}  // namespace portloop
