// Runs a command inside a simulated network.
#pragma once

#include <cstdint>
#include <string>

#include "lab/counters.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

struct LabRun {
  int exit_status = 0;  ///< The command's, or 1 if it could not be started.
  bool started = false;
  Counters counters;  ///< If started.
  std::string error;  ///< If not started: one line, without newline.
};

/// Runs argv inside the network of the profile, and simulates that network until the command ends. Moves the calling
/// process, which must be single-threaded, into new namespaces for the rest of its life, so it can be called only once.
/// What signals do is documented in run_lab.cpp.
LabRun run_lab(const Profile& profile, uint64_t luck_seed, char* const argv[]);

}  // namespace portloop::lab
