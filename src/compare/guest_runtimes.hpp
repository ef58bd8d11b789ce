// Where the guests' programs, and the commands that run or compile them, are on this machine.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "compare/guest_programs.hpp"

namespace portloop::compare {

/// The path of the first of the runtime's commands that is in PATH; empty if there is none.
std::string find_command(const GuestRuntime& runtime);

/// "python3.14t and python3.13t": what find_command() looks for.
std::string commands_text(const GuestRuntime& runtime);

/// The folder of the guests' programs: installed with the program at `own_path`, or beside it in a build directory.
/// Empty if there is none.
std::string find_guest_folder(const std::string& own_path);

/// "CPython 3.11.7": what the command prints; empty if it can't be run.
std::string version_of(const GuestRuntime& runtime, const std::string& command, const volatile std::sig_atomic_t& stop);

/// The command line of a guest that is not compiled.
std::vector<std::string> guest_words(const Contender& contender, const std::string& command, const std::string& folder);

}  // namespace portloop::compare
