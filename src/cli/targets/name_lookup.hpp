// Resolves host names, several at a time.
#pragma once

#include <string>
#include <vector>

#include <uv.h>

#include "cli/targets/target_words.hpp"
#include "core/address.hpp"

namespace portloop {

struct FoundName {
  std::string name;
  std::vector<Address> addresses;  ///< In the resolver's order, each once; empty if there is none.
  std::string error;               ///< Why there is none.
  bool all_taken = false;          ///< All of them are the target, as for localhost.
};

/// Runs `loop` until every name has its result. Results are in the order of `names`, each name once.
std::vector<FoundName> look_up_names(const std::vector<std::string>& names, WantedFamily family, uv_loop_t* loop);

}  // namespace portloop
