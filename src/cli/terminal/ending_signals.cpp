// The first signal wakes the loop, or has its default action if unwatch_ending_signals() was called. The next one,
// depending on its sender:
// - the terminal: a person has pressed Ctrl-C again; default action
// - a process, soon after the first: a repetition, ignored. timeout(1) signals its command and then the whole process
//   group; a parent may forward a Ctrl-C that the terminal has sent to us, too
// - a process, later: default action
// SIGHUP is never a second one: when a terminal is closed, the shell sends it, and then the kernel.
#include "cli/terminal/ending_signals.hpp"

#include <atomic>
#include <csignal>
#include <ctime>

#include "cli/terminal/key_watch.hpp"

namespace portloop {
namespace {

constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr int64_t repetition_ns = 200'000'000;
std::atomic<uv_async_t*> async_to_wake{nullptr};
std::atomic<volatile std::sig_atomic_t*> flag_to_set{nullptr};
std::atomic<int64_t> first_ns{0};  // when the first signal came; 0 before that

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // one of the few calls that a signal handler may make
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_ending_signal(int number, siginfo_t* info, void*) {
  const int64_t now = now_ns();
  int64_t first = 0;
  const bool is_first = first_ns.compare_exchange_strong(first, now);
  if (uv_async_t* async = async_to_wake.load(); is_first && async != nullptr) {
    uv_async_send(async);
    return;
  }
  if (volatile std::sig_atomic_t* const flag = flag_to_set.load(); is_first && flag != nullptr) {
    *flag = 1;
    return;
  }
  if (!is_first && number == SIGHUP) return;
  if (!is_first && info->si_code == SI_USER && now - first < repetition_ns) return;
  restore_terminal();
  std::signal(number, SIG_DFL);
  std::raise(number);  // pending until this handler returns
}

void watch_signals() {
  for (const int number : ending_signals) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_sigaction = on_ending_signal;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
  }
}

}  // namespace

void watch_ending_signals(uv_async_t* on_signal) {
  async_to_wake = on_signal;
  watch_signals();
}

void watch_ending_signals(volatile std::sig_atomic_t* flag) {
  flag_to_set = flag;
  watch_signals();
}

void unwatch_ending_signals() { async_to_wake = nullptr; }

}  // namespace portloop
