// The command inside the simulated network, and what keeps anything of it from outliving the lab.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>

#include "core/spec_error.hpp"
#include "lab/descriptor.hpp"

namespace portloop::lab {

/// Signals that come within this time are one wish, said to one process and then to its group, or by two senders.
constexpr uint64_t same_wish_ns = 500'000'000;

/// The signals that end a command. The lab takes them from a descriptor.
class BlockedSignals {
 public:
  /// Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD and SIGPIPE for the process.
  BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  /// As the process found them; for a child, before it execs.
  void restore() const;
  /// Readable when one of them came; read a signalfd_siginfo. SIGPIPE never shows.
  int descriptor() const { return descriptor_.get(); }

 private:
  sigset_t before_;
  struct sigaction child_action_before_;
  Descriptor descriptor_;
};

class CommandProcess {
 public:
  /// Starts argv[0] (found through PATH) with the environment, descriptors and limits of this process, in a
  /// process namespace of its own: when the first process there goes, the kernel ends all others in it. Needs
  /// what make_own_network() brings where the user is not root.
  static Parsed<CommandProcess> start(char* const argv[], const BlockedSignals& signals);

  /// Passes on to the command a signal that a process has sent, unless the command has had it as a member of this
  /// process's group. What the terminal sends has always reached it.
  void pass_on(int signal) const;

  /// The status to exit with, once the command has ended: its own, or 128 + the signal that ended it.
  std::optional<int> ended() const;

 private:
  CommandProcess(pid_t init, Descriptor control) : init_(init), control_(std::move(control)) {}

  pid_t init_;
  Descriptor control_;  // signals as bytes; its end tells init that the lab is gone
};

}  // namespace portloop::lab
