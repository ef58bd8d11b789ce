// The happy path: the lab forks `init`, the first process of the new process namespace; init mounts its own /proc and
// forks the command; the command ends; init exits with its status; the kernel kills what the command has left in the
// namespace; the lab gets init's status.
//
// What can die first:
// - the command, killed by a signal: init exits with 128 + the signal
// - init: the kernel kills everything in its namespace, and the lab sees that init has ended
// - the lab, even by SIGKILL: init's parent-death signal kills init, and with it the namespace; before that signal has
//   been requested, the end of the control pipe has the same effect
//
// A signal is passed on only if the command has not received it: a signal to the lab's whole process group, as sent by
// timeout(1) and scripts, has already reached the command. Init is in that group too, so its own copy shows that.
#include "lab/command_process.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

namespace portloop::lab {

namespace {

constexpr int signal_status_base = 128;
constexpr int cannot_execute_status = 126;  // the statuses that shells use
constexpr int not_found_status = 127;

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

int exit_status(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : signal_status_base + WTERMSIG(wait_status);
}

/// Mounts a /proc that shows this process namespace. If the system forbids the mount (as in some containers), the
/// command sees the outer /proc, in which its own process numbers mean nothing; the network is the same.
void mount_own_proc() {
  if (unshare(CLONE_NEWNS) != 0) return;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

[[noreturn]] void become_command(char* const argv[], const BlockedSignals& signals) {
  signals.restore();
  execvp(argv[0], argv);
  const int error = errno;
  std::fprintf(stderr, "portloop-lab: cannot run %s: %s\n", quote_word(argv[0]).c_str(), std::strerror(error));
  _exit(error == ENOENT ? not_found_status : cannot_execute_status);
}

/// Reaps all children; exits if the command has ended.
void reap(pid_t command) {
  int wait_status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(-1, &wait_status, WNOHANG)) > 0) {
    if (ended == command) _exit(exit_status(wait_status));
  }
}

/// The signals that init itself has received. The command, in the same group, has received them too.
class GroupSignals {
 public:
  explicit GroupSignals(const BlockedSignals& signals) : signals_(signals) {}

  void take() {
    signalfd_siginfo signal{};
    while (read(signals_.descriptor(), &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_code != SI_KERNEL && signal.ssi_signo < received_ns_.size())
        received_ns_[signal.ssi_signo] = now_ns();
    }
  }

  /// True if a signal that the lab has received from a process has reached the command too. The kernel signals the
  /// youngest process of a group first: if the lab's copy has been passed to init, init's own is already pending.
  bool reached_the_command(unsigned char signal) {
    take();
    return signal < received_ns_.size() && received_ns_[signal] != 0 &&
           now_ns() - received_ns_[signal] < same_request_ns;
  }

 private:
  const BlockedSignals& signals_;
  std::array<uint64_t, 32> received_ns_{};
};

[[noreturn]] void become_init(char* const argv[], const BlockedSignals& signals, int control) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  mount_own_proc();
  const pid_t command = fork();
  if (command == 0) become_command(argv, signals);
  if (command < 0) {
    std::fprintf(stderr, "portloop-lab: cannot start a process: %s\n", std::strerror(errno));
    _exit(cannot_execute_status);
  }
  GroupSignals group(signals);
  pollfd sources[] = {{control, POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
  for (;;) {
    if (poll(sources, 2, -1) < 0) continue;
    if (sources[1].revents != 0) {
      group.take();
      reap(command);
    }
    if (sources[0].revents != 0) {
      unsigned char signal = 0;
      if (read(control, &signal, 1) != 1) _exit(signal_status_base + SIGKILL);  // the lab has ended
      if (!group.reached_the_command(signal)) kill(command, signal);
    }
  }
}

/// Like fork(), but the child is the first process of a new process namespace. unshare() would not do: after the end of
/// its first child, this process could start no other, and leak checkers start one.
pid_t fork_into_new_process_namespace() {
  clone_args arguments{};
  arguments.flags = CLONE_NEWPID;
  arguments.exit_signal = SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

}  // namespace

BlockedSignals::BlockedSignals() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&blocked, signal);
  descriptor_ = Descriptor(signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC));
  sigaddset(&blocked, SIGPIPE);  // a closed pipe for our last line must not change the exit status
  sigprocmask(SIG_BLOCK, &blocked, &before_);
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;  // if the parent ignores SIGCHLD, we would lose the exit status
  sigaction(SIGCHLD, &plain, &child_action_before_);
}

void BlockedSignals::restore() const {
  sigaction(SIGCHLD, &child_action_before_, nullptr);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Parsed<CommandProcess> CommandProcess::start(char* const argv[], const BlockedSignals& signals) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SpecError{std::string("cannot make a pipe: ") + std::strerror(errno)};
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  const pid_t init = fork_into_new_process_namespace();
  if (init < 0) return SpecError{std::string("cannot start a process: ") + std::strerror(errno)};
  if (init == 0) {
    write_end.reset();
    become_init(argv, signals, read_end.get());
  }
  return CommandProcess(init, std::move(write_end));
}

void CommandProcess::pass_on(int signal) const {
  const auto byte = static_cast<unsigned char>(signal);
  // If init has already ended, there is nothing to signal.
  if (write(control_.get(), &byte, 1) != 1) return;
}

std::optional<int> CommandProcess::ended() const {
  int wait_status = 0;
  if (waitpid(init_, &wait_status, WNOHANG) != init_) return std::nullopt;
  return exit_status(wait_status);
}

}  // namespace portloop::lab
