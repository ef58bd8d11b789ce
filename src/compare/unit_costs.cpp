#include "compare/unit_costs.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "compare/control_group.hpp"
#include "models/small_stack.hpp"

namespace portloop::compare {
namespace {

constexpr int batches = 9;

/// The median time of an operation, over batches of `count`. Allocates nothing: a thread that is not joined yet may
/// take part in the operation, and would end the process if an allocation failed.
double median_s(int count, const std::function<void(int count)>& batch) {
  std::array<double, batches> times{};
  for (double& time : times) {
    const auto started = std::chrono::steady_clock::now();
    batch(count);
    time = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count() / count;
  }
  std::nth_element(times.begin(), times.begin() + batches / 2, times.end());
  return times[batches / 2];
}

void* end_at_once(void*) { return nullptr; }

double thread_cost_s() {
  constexpr int count = 50;
  const SmallStack stack(PTHREAD_CREATE_JOINABLE);
  std::vector<double> times;
  for (int i = 0; i < batches; ++i) {
    pthread_t threads[count];
    int made = 0;
    const auto started = std::chrono::steady_clock::now();
    while (made < count && pthread_create(&threads[made], stack.get(), end_at_once, nullptr) == 0) ++made;
    const double took_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    for (int n = 0; n < made; ++n) pthread_join(threads[n], nullptr);
    if (made > 0) times.push_back(took_s / made);
  }
  if (times.empty()) return 0;
  std::nth_element(times.begin(), times.begin() + static_cast<long>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

/// Two threads wake each other in turn; each turn is two wakeups.
double wakeup_cost_s() {
  constexpr int count = 20;  // on a busy machine each of them may wait its turn
  const int there = eventfd(0, EFD_CLOEXEC), back = eventfd(0, EFD_CLOEXEC);
  double cost_s = 0;
  if (there >= 0 && back >= 0) {
    try {
      std::thread other([there, back] {
        eventfd_t value = 0;
        for (int i = 0; i < count * batches && eventfd_read(there, &value) == 0; ++i) eventfd_write(back, 1);
      });
      cost_s = median_s(count,
                        [there, back](int turns) {
                          eventfd_t value = 0;
                          for (int i = 0; i < turns; ++i) {
                            eventfd_write(there, 1);
                            eventfd_read(back, &value);
                          }
                        }) /
               2;
      other.join();
    } catch (const std::system_error&) {  // the system refuses a thread
      cost_s = 0;
    }
  }
  if (there >= 0) close(there);
  if (back >= 0) close(back);
  return cost_s;
}

double system_call_cost_s() {
  return median_s(2000, [](int count) {
    for (int i = 0; i < count; ++i) syscall(SYS_getppid);
  });
}

double timer_cost_s() {
  constexpr size_t others = 10'000;
  constexpr uint64_t far_ms = 1'000'000;
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0) return 0;
  std::vector<uv_timer_t> timers(others + 1);
  const auto on_timer = [](uv_timer_t*) {};
  for (size_t i = 0; i < timers.size(); ++i) {
    uv_timer_init(&loop, &timers[i]);
    if (i < others) uv_timer_start(&timers[i], on_timer, far_ms + i, 0);
  }
  const double cost_s = median_s(2000, [&](int count) {
    for (int i = 0; i < count; ++i) {
      uv_timer_start(&timers[others], on_timer, far_ms / 2, 0);
      uv_timer_stop(&timers[others]);
    }
  });
  for (uv_timer_t& timer : timers) uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return cost_s;
}

}  // namespace

UnitCosts measure_unit_costs() {
  UnitCosts costs;
  costs.thread_s = thread_cost_s();
  costs.wakeup_s = wakeup_cost_s();
  costs.system_call_s = system_call_cost_s();
  costs.timer_s = timer_cost_s();
  costs.processors = std::max(1U, uv_available_parallelism());
  if (const double quota = read_group_limits().processors; quota > 0)
    costs.processors = std::clamp(quota, 1.0, costs.processors);
  return costs;
}

}  // namespace portloop::compare
