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

/// How a guest waits for its connects: one after the other, in a thread each, in a pool of threads, in one event loop,
/// or in tasks that a runtime runs on as many threads as there are processors.
enum class GuestWay : uint8_t { one, thread_each, pool, loop, tasks };

/// What runs the programs, such as Python, or compiles them, such as Go. The first of `commands` that is in PATH is
/// used.
struct GuestRuntime {
  std::string_view name;
  std::span<const std::string_view> commands;
  std::span<const std::string_view> options;          ///< Before the name of the program.
  std::span<const std::string_view> version_options;  ///< With these the command prints its version, one line.
  bool has_lock = false;                              ///< Only one of its threads at a time runs its code.
  /// Below the folder of the guests; empty if the command runs the program itself.
  std::string_view build_script = {};

  bool is_compiled() const { return !build_script.empty(); }
};

struct GuestProgram {
  std::string_view name;  ///< "python/sequential"; that of a pool is followed by ":N".
  const GuestRuntime* runtime;
  std::string_view file;  ///< Below the folder of the guests; empty if it is compiled.
  GuestWay way;
  uint32_t fixed_threads = 0;  ///< Of a pool whose name has no ":N".
};

/// A guest that --guests asks for.
struct GuestChoice {
  Contender contender;
  bool automatic;  ///< Left out if it can't run here.
};

/// Parses "auto", or "python", "python/thread-pool:50", "node" and so on, separated by commas. `automatic`: all of them
/// are.
Parsed<std::vector<GuestChoice>> parse_guests(std::string_view words, bool automatic = false);

}  // namespace portloop::compare
