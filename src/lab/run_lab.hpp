// One command inside one simulated network, from its start to the counters.
#pragma once

#include <cstdint>
#include <string>

#include "lab/counters.hpp"
#include "lab/profile.hpp"

namespace portloop::lab {

struct LabRun {
  int exit_status = 0;  ///< The command's, or 1 where it could not be started.
  bool started = false;
  Counters counters;  ///< Where started.
  std::string error;  ///< Where not started: one line, without newline.
};

/// Runs argv inside the network of the profile and answers for that network until the command ends. Moves
/// the calling process, which must have one thread, into namespaces of its own for the rest of its life: call
/// it once. Ctrl-C reaches the command; a second one, or a second SIGTERM, kills it.
LabRun run_lab(const Profile& profile, uint64_t luck_seed, char* const argv[]);

}  // namespace portloop::lab
