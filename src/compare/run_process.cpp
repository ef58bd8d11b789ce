#include "compare/run_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

[[noreturn]] void become(const std::vector<std::string>& words, int input, int output) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  std::signal(SIGPIPE, SIG_DFL);  // an ignored signal stays ignored across exec
  execvp(argv[0], argv.data());
  _exit(exit_not_started);
}

/// Writes and reads at the same time, so that the two processes can't block each other. Returns false if stopped.
bool exchange(Pipe& input, Pipe& output, const std::string& text, std::string& received,
              const volatile std::sig_atomic_t& stop) {
  size_t written = 0;
  for (;;) {
    if (stop) return false;
    if (written == text.size()) Pipe::close_end(input.write);
    pollfd ends[2] = {{output.read, POLLIN, 0}, {input.write, POLLOUT, 0}};
    if (poll(ends, 2, poll_interval_ms) < 0 && errno != EINTR) return true;
    if (ends[1].revents != 0) {
      const ssize_t count =
          send(input.write, text.data() + written, text.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0)
        written += static_cast<size_t>(count);
      else if (errno != EAGAIN && errno != EINTR)
        written = text.size();  // it does not read the rest
    }
    if (ends[0].revents == 0) continue;
    char buffer[16'384];
    const ssize_t count = read(output.read, buffer, sizeof buffer);
    if (count == 0) return true;
    if (count > 0)
      received.append(buffer, static_cast<size_t>(count));
    else if (errno != EINTR)
      return true;
  }
}

std::string describe(int status, const std::string& program) {
  if (WIFSIGNALED(status)) return std::string("killed by signal: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) == exit_not_started) return program + " could not be started";
  return WEXITSTATUS(status) == 0 ? "" : "exited with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

ProcessOutcome run_process(const std::vector<std::string>& words, const std::string& text,
                           const volatile std::sig_atomic_t& stop) {
  ProcessOutcome outcome;
  Pipe input, output;
  pid_t child = -1;
  if (input.open(true) && output.open(false)) child = fork();
  if (child == 0) become(words, input.read, output.write);
  if (child < 0) {
    outcome.error = std::string("could not create a process: ") + std::strerror(errno);
    return outcome;
  }
  Pipe::close_end(input.read);
  Pipe::close_end(output.write);
  outcome.stopped = !exchange(input, output, text, outcome.output, stop);
  if (outcome.stopped) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // Ctrl-C may have killed the run before this process noticed it.
  outcome.stopped = outcome.stopped || stop;
  outcome.error = describe(status, words.front());
  return outcome;
}

}  // namespace portloop::compare
