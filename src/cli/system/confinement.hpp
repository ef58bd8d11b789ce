// Gives up what a scan no longer needs, once its files are open: whoever finds a fault in how it treats the bytes of
// strangers can then neither start a program nor read a file. Linux; elsewhere nothing happens.
//
// Landlock: no file can be opened, created or removed, except in the directories of the files that the scan replaces.
// It holds for the calling thread and those that it starts. seccomp: no system call that starts a program, maps code,
// waits for connections, talks to local services, or changes the rights of files and processes. It holds for all
// threads.
//
// What goes wrong: a kernel or a container does not offer one of them, or they are used up. The scan goes on with what
// there is: it is a second line of defence, and no scan fails for want of it.
#pragma once

#include <string>
#include <vector>

namespace portloop {

/// The files that a scan still creates, renames or removes.
struct NeededFiles {
  std::string checkpoint;            ///< Written anew from time to time; empty if there is none.
  std::vector<std::string> outputs;  ///< Open already; renamed to their place, or removed if nothing is written.
};

/// Can't be undone.
void confine(const NeededFiles& files);

}  // namespace portloop
