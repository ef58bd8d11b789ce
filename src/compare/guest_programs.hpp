// The guests: the same scan written for other runtimes, short programs that are installed in share/portloop/guests and
// run as processes of their own. This is their catalogue. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "compare/contender.hpp"
#include "core/spec_error.hpp"

namespace portloop::compare {

/// How a guest waits for its connects.
enum class GuestWay : uint8_t { one, thread_each, pool, loop };

/// What runs the programs, such as Python. The first of `interpreters` that is in PATH is used.
struct GuestRuntime {
  std::string_view name;
  std::span<const std::string_view> interpreters;
  std::span<const std::string_view> options;          ///< Before the name of the program.
  std::span<const std::string_view> version_options;  ///< With these the interpreter prints its version, one line.
  bool has_lock;                                      ///< Only one of its threads at a time runs its code.
};

struct GuestProgram {
  std::string_view name;  ///< "python/sequential"; that of a pool is followed by ":N".
  const GuestRuntime* runtime;
  std::string_view file;  ///< Below the folder of the guests.
  GuestWay way;
  uint32_t fixed_threads = 0;  ///< Of a pool whose name has no ":N".
};

/// A guest that --guests asks for.
struct GuestChoice {
  Contender contender;
  bool automatic;  ///< Left out if its interpreter is not found.
};

/// Parses "auto", or "python", "python/thread-pool:50", "node" and so on, separated by commas. `automatic`: all of them
/// are.
Parsed<std::vector<GuestChoice>> parse_guests(std::string_view words, bool automatic = false);

}  // namespace portloop::compare
