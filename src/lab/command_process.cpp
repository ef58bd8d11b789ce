// The happy path: the lab forks `init`, the first process of the new process namespace; init gets a /proc of
// its own and forks the command; the command ends; init exits with its status; the kernel ends what the
// command left behind in the namespace; the lab sees init's status.
//
// Who may die first:
// - the command, by a signal: init exits with 128 + the signal
// - init: the kernel kills everything in its namespace, the lab sees it end
// - the lab, even by SIGKILL: init's parent-death signal kills init, and with it everything; the end of the
//   control pipe says the same, for the moment before that signal was asked for
//
// A signal is passed on only to a command that has not had it: one sent to the lab's whole process group, as
// timeout(1) and scripts do, has reached the command already. Init is in that group too, and by its own copy it knows.
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
constexpr int cannot_execute_status = 126;  // as shells say it
constexpr int not_found_status = 127;

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

int exit_status(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : signal_status_base + WTERMSIG(wait_status);
}

/// A /proc that shows this process namespace. Where the system forbids the mount (in some containers) the
/// command sees the outer one, in which its own process numbers mean nothing; the network is the same.
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

/// Reaps everything; exits when the command does.
void reap(pid_t command) {
  int wait_status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(-1, &wait_status, WNOHANG)) > 0) {
    if (ended == command) _exit(exit_status(wait_status));
  }
}

/// What init itself was sent, which is what the command was sent as well.
class GroupSignals {
 public:
  explicit GroupSignals(const BlockedSignals& signals) : signals_(signals) {}

  void take() {
    signalfd_siginfo signal{};
    while (read(signals_.descriptor(), &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_code != SI_KERNEL && signal.ssi_signo < came_ns_.size()) came_ns_[signal.ssi_signo] = now_ns();
    }
  }

  /// Of one that the lab had from a process. The kernel signals a group's youngest process first: where the lab's
  /// copy has come here, init's own is waiting.
  bool reached_the_command(unsigned char signal) {
    take();
    return signal < came_ns_.size() && came_ns_[signal] != 0 && now_ns() - came_ns_[signal] < same_wish_ns;
  }

 private:
  const BlockedSignals& signals_;
  std::array<uint64_t, 32> came_ns_{};
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
      if (read(control, &signal, 1) != 1) _exit(signal_status_base + SIGKILL);  // the lab is gone
      if (!group.reached_the_command(signal)) kill(command, signal);
    }
  }
}

/// fork() in all but that the child is the first process of a new process namespace. Not by unshare(): after
/// that, and the end of the first child, this process could start no other, and leak checkers do.
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
  sigaddset(&blocked, SIGPIPE);  // a reader of our last line that is gone must not change the exit status
  sigprocmask(SIG_BLOCK, &blocked, &before_);
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;  // a parent that ignores SIGCHLD would take the exit status from us
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
  // Where init is gone already there is nobody left to tell.
  if (write(control_.get(), &byte, 1) != 1) return;
}

std::optional<int> CommandProcess::ended() const {
  int wait_status = 0;
  if (waitpid(init_, &wait_status, WNOHANG) != init_) return std::nullopt;
  return exit_status(wait_status);
}

}  // namespace portloop::lab
