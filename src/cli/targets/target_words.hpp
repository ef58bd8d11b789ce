// The words that name a scan's targets, before any is parsed or looked up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace portloop {

/// Which addresses of a name are scanned.
enum class WantedFamily : uint8_t { any, ipv4, ipv6 };

struct TargetWords {
  std::vector<std::string> included;
  std::vector<std::string> input_files;  ///< "-" is standard input.
  std::vector<std::string> excluded;
  std::vector<std::string> exclude_files;
  WantedFamily family = WantedFamily::any;
  bool all_addresses = false;   ///< Scan every address of a name, not only the first.
  bool quiet = false;           ///< Don't report names that have other addresses, too.
  bool shows_progress = false;  ///< Draw a line while names are looked up.
};

}  // namespace portloop
