#include "compare/run_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <new>
#include <thread>

#include "core/visible_text.hpp"

namespace portloop::compare {
namespace {

constexpr int exit_not_started = 127;  // as a shell does

// How often `stop` is polled: a signal may arrive between the check and poll().
constexpr int poll_interval_ms = 100;

struct Pipe {
  int read = -1;
  int write = -1;
  /// `quiet`: a socket pair instead of a pipe, so that writing without a reader can fail without SIGPIPE.
  bool open(bool quiet) {
    int ends[2];
    if (quiet ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 : pipe2(ends, O_CLOEXEC) != 0)
      return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  ~Pipe() {
    close_end(read);
    close_end(write);
  }
};

[[noreturn]] void become(const std::vector<std::string>& words, pid_t parent, int input, int output, int errors) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(exit_not_started);  // it has ended before that call
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  std::signal(SIGPIPE, SIG_DFL);  // an ignored signal stays ignored across exec
  execvp(argv[0], argv.data());
  _exit(exit_not_started);
}

/// Reads what is there. Closes `end` at the end of the stream.
void read_some(int& end, std::string& received) {
  char buffer[16'384];
  const ssize_t count = read(end, buffer, sizeof buffer);
  if (count > 0)
    received.append(buffer, static_cast<size_t>(count));
  else if (count == 0 || errno != EINTR)
    Pipe::close_end(end);
}

enum class End : uint8_t { by_itself, stopped, too_long };

/// Returns whether the program has ended. It is not reaped, so that its group keeps its number.
bool has_ended(pid_t child) {
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == child;
}

/// When a run has to end, whatever it does.
class Deadline {
 public:
  Deadline(const volatile std::sig_atomic_t& stop, double limit_s)
      : stop_(stop), limit_s_(limit_s), started_(Clock::now()) {}
  End end() const {
    if (stop_) return End::stopped;
    return std::chrono::duration<double>(Clock::now() - started_).count() > limit_s_ ? End::too_long : End::by_itself;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const volatile std::sig_atomic_t& stop_;
  const double limit_s_;
  const Clock::time_point started_;
};

/// Writes and reads at the same time, so that the two processes can't block each other, until both outputs are closed.
End exchange(Pipe& input, Pipe& output, Pipe& errors, const std::string& text, pid_t child, ProcessOutcome& outcome,
             const Deadline& deadline) {
  size_t written = 0;
  while (output.read >= 0 || errors.read >= 0) {
    if (const End end = deadline.end(); end != End::by_itself) return end;
    if (written == text.size()) Pipe::close_end(input.write);
    pollfd ends[3] = {{output.read, POLLIN, 0}, {errors.read, POLLIN, 0}, {input.write, POLLOUT, 0}};
    const int ready = poll(ends, 3, poll_interval_ms);
    if (ready < 0 && errno != EINTR) return End::by_itself;
    if (ready == 0 && has_ended(child)) kill(-child, SIGKILL);  // processes that it has left keep its outputs open
    if (ready <= 0) continue;
    if (ends[2].revents != 0) {
      const ssize_t count =
          send(input.write, text.data() + written, text.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0)
        written += static_cast<size_t>(count);
      else if (errno != EAGAIN && errno != EINTR)
        written = text.size();  // it does not read the rest
    }
    if (ends[0].revents != 0) read_some(output.read, outcome.output);
    if (ends[1].revents != 0) read_some(errors.read, outcome.errors);
  }
  return End::by_itself;
}

/// Waits for a program that has closed its outputs.
End wait_for_end(pid_t child, const Deadline& deadline) {
  while (!has_ended(child)) {
    if (const End end = deadline.end(); end != End::by_itself) return end;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return End::by_itself;
}

/// The last line that is not the lab's JSON, as a terminal may show it.
std::string last_line(std::string_view text) {
  while (!text.empty()) {
    text = text.substr(0, text.find_last_not_of('\n') + 1);
    const std::string_view line = text.substr(text.rfind('\n') + 1);
    if (!line.empty() && !line.starts_with('{')) {
      std::string visible;
      append_visible(visible, line);
      return visible;
    }
    text.remove_suffix(line.size());
  }
  return "";
}

/// Kills what the program has left behind, and the program if it runs. Returns its wait status.
int kill_and_reap(pid_t child) {
  kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string describe(int status, const std::string& program, std::string_view errors) {
  if (WIFSIGNALED(status)) return std::string("killed by signal: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) == exit_not_started) return program + " could not be started";
  if (WEXITSTATUS(status) == 0) return "";
  const std::string reason = last_line(errors);
  return "exited with status " + std::to_string(WEXITSTATUS(status)) + (reason.empty() ? "" : ": " + reason);
}

}  // namespace

ProcessOutcome run_process(const std::vector<std::string>& words, const std::string& text,
                           const volatile std::sig_atomic_t& stop, double limit_s) {
  ProcessOutcome outcome;
  Pipe input, output, errors;
  pid_t child = -1;
  const pid_t parent = getpid();
  if (input.open(true) && output.open(false) && errors.open(false)) child = fork();
  if (child == 0) become(words, parent, input.read, output.write, errors.write);
  if (child < 0) {
    outcome.error = std::string("could not create a process: ") + std::strerror(errno);
    return outcome;
  }
  Pipe::close_end(input.read);
  Pipe::close_end(output.write);
  Pipe::close_end(errors.write);
  setpgid(child, child);  // both processes do it: neither knows which of them is the first
  const Deadline deadline(stop, limit_s);
  End end = End::by_itself;
  try {
    end = exchange(input, output, errors, text, child, outcome, deadline);
  } catch (const std::bad_alloc&) {  // no room for its output
    kill_and_reap(child);
    throw;
  }
  if (end == End::by_itself) end = wait_for_end(child, deadline);
  const int status = kill_and_reap(child);
  outcome.stopped = end == End::stopped || stop;
  outcome.error = describe(status, words.front(), outcome.errors);
  if (end == End::too_long)
    outcome.error = "killed: it had not ended after " + std::to_string(std::llround(limit_s)) + " s";
  return outcome;
}

}  // namespace portloop::compare
