// The command inside the simulated network. No process of it outlives the lab.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>

#include "core/spec_error.hpp"
#include "lab/descriptor.hpp"

namespace portloop::lab {

/// Signals within this time are one request, sent to one process and then to its group, or by two senders.
constexpr uint64_t same_request_ns = 500'000'000;

/// The signals that end a command. The lab reads them from a descriptor.
class BlockedSignals {
 public:
  /// Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD and SIGPIPE for the process.
  BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  /// Restores the signal state that the process started with. For a child, before it calls exec.
  void restore() const;
  /// Readable when a signal has arrived; read a signalfd_siginfo from it. SIGPIPE is never reported.
  int descriptor() const { return descriptor_.get(); }

 private:
  sigset_t before_;
  struct sigaction child_action_before_;
  Descriptor descriptor_;
};

class CommandProcess {
 public:
  /// Starts argv[0] (searched for in PATH) with the environment, descriptors and limits of this process, in its own
  /// process namespace: when the first process there ends, the kernel kills all others. Call make_own_network() before:
  /// without root, this depends on its user namespace.
  static Parsed<CommandProcess> start(char* const argv[], const BlockedSignals& signals);

  /// Passes a signal from another process on to the command, unless the command has already received it as a member of
  /// this process's group. Signals from the terminal always reach the command.
  void pass_on(int signal) const;

  /// The status to exit with if the command has ended: its own, or 128 + the signal that killed it.
  std::optional<int> ended() const;

 private:
  CommandProcess(pid_t init, Descriptor control) : init_(init), control_(std::move(control)) {}

  pid_t init_;
  Descriptor control_;  // carries signals as bytes; init ends when it is closed
};

}  // namespace portloop::lab
