#include "cli/ending_signals.hpp"

#include <atomic>
#include <csignal>

namespace portloop {
namespace {

constexpr int ending_signals[] = {SIGINT, SIGTERM};
std::atomic<uv_async_t*> woken{nullptr};

void on_ending_signal(int) {
  for (const int number : ending_signals) std::signal(number, SIG_DFL);
  if (uv_async_t* async = woken.load()) uv_async_send(async);
}

}  // namespace

void watch_ending_signals(uv_async_t* on_signal) {
  woken = on_signal;
  for (const int number : ending_signals) {
    struct sigaction action{};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_ending_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
  }
}

void unwatch_ending_signals() {
  for (const int number : ending_signals) {
    struct sigaction action{};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == on_ending_signal) std::signal(number, SIG_DFL);
  }
  woken = nullptr;
}

}  // namespace portloop
