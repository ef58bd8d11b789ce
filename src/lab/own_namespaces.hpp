// The namespaces that separate the simulated network from the machine's, and the system's files about them.
#pragma once

#include <optional>
#include <string>

namespace portloop::lab {

/// The first line of a file, without its end; empty if it can't be read.
std::string first_line_of(const char* path);

/// Returns whether all of it was written.
bool write_file(const char* path, const std::string& text);

/// The text of errno.
std::string errno_text();

/// Moves the calling process, which must be single-threaded, into a new network namespace and a new UTS namespace, so
/// that a command with root can't rename the machine; without root, also into a new user namespace with the same ids.
/// Returns an error, or nullopt: one line with what the system forbids and how to allow it.
std::optional<std::string> leave_for_own_namespaces();

}  // namespace portloop::lab
