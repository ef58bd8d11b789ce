// Looks host names up, several at once.
#pragma once

#include <string>
#include <vector>

#include <uv.h>

#include "cli/scan/scan_options.hpp"
#include "core/address.hpp"

namespace portloop {

struct FoundName {
  std::string name;
  std::vector<Address> addresses;  ///< In the resolver's order, each once; empty where there is none.
  std::string error;               ///< Why there is none.
};

/// Runs `loop` until all are answered; the results are in the order of the names, each name once.
std::vector<FoundName> look_up_names(const std::vector<std::string>& names, WantedFamily family, uv_loop_t* loop);

}  // namespace portloop
