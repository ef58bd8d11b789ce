// The first signal wakes the loop; where that has ended already, the default action is taken. The next one, by what
// sent it:
// - the terminal: a person has pressed Ctrl-C again, the default action is taken
// - a process, soon after the first: the same wish a second time, nothing is done. timeout(1) signals its command and
//   then its command's whole process group; a parent passes on a Ctrl-C that the terminal has sent to us as well
// - a process, later: the default action is taken
#include "cli/terminal/ending_signals.hpp"

#include <atomic>
#include <csignal>
#include <ctime>

namespace portloop {
namespace {

constexpr int ending_signals[] = {SIGINT, SIGTERM};
constexpr int64_t same_wish_ns = 200'000'000;
std::atomic<uv_async_t*> woken{nullptr};
std::atomic<int64_t> first_ns{0};

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // one of the few calls that a signal handler may make
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_ending_signal(int number, siginfo_t* told, void*) {
  const int64_t now = now_ns();
  int64_t first = 0;
  const bool is_first = first_ns.compare_exchange_strong(first, now);
  if (uv_async_t* async = woken.load(); is_first && async != nullptr) {
    uv_async_send(async);
    return;
  }
  if (!is_first && told->si_code == SI_USER && now - first < same_wish_ns) return;
  std::signal(number, SIG_DFL);
  std::raise(number);  // pending until this handler returns
}

}  // namespace

void watch_ending_signals(uv_async_t* on_signal) {
  woken = on_signal;
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

void unwatch_ending_signals() { woken = nullptr; }

}  // namespace portloop
