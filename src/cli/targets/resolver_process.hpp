// What runs in the process of NameResolver, and how the two talk.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cli/targets/target_words.hpp"

namespace portloop {

/// How many names are resolved at a time.
inline constexpr size_t max_resolved_at_once = 64;

/// Followed by the name.
struct ResolverQuestion {
  uint32_t number;
  uint32_t name_bytes;
  uint32_t any_family;
};

/// Followed by the addresses, as Address.
struct ResolverAnswer {
  uint32_t number;
  int32_t error;  ///< A libuv code, or 0.
  uint32_t addresses;
};

/// Looks up the names that are sent to `socket`, which is blocking, until it ends. Then ends the process.
[[noreturn]] void run_resolver(int socket, WantedFamily family);

}  // namespace portloop
