// A thread for each connect, as many at once as the system allows.
//
// Happy path: the calling thread makes a detached thread for each probe; it connects, writes its verdict and
// ends. When all are made, the calling thread waits until all have ended.
//
// What goes wrong:
//   - the system refuses to make a thread (threads-max, a cgroup's limit, memory maps): counted; wait until
//     one ends, and try again. A thread that has been counted out may not be gone yet: pause and try again.
//   - threads, but no descriptors: BlockingConnect pauses and asks again while others end
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "models/blocking_connect.hpp"
#include "models/model.hpp"

namespace portloop {
namespace {

// Small, so that as many threads as possible fit: a connect needs a few KiB. Only what is touched is memory.
constexpr size_t stack_bytes = 64 * 1024;

// The system has refused, and no thread is left whose end could be waited for: for how long to try again.
constexpr int max_pauses = 10'000;
constexpr std::chrono::milliseconds pause{1};

struct Crowd {
  const ModelScan* scan = nullptr;
  VerdictSheet* sheet = nullptr;
  std::optional<Address> source;
  std::atomic<int> threads{0};
  std::atomic<int> wake_at{0};  // the caller is woken when so many threads are left, or fewer
  std::atomic<uint64_t> connects{0};
  std::atomic<uint64_t> local_failures{0};
};

// Static: the last thread still wakes the caller after it has been counted out, when the caller may be gone.
Crowd crowd;

void* connect_one(void* argument) {
  {
    BlockingConnect connect(crowd.source, crowd.scan->timeout_ms);
    connect.ask(crowd.scan->at(reinterpret_cast<uintptr_t>(argument)), *crowd.sheet);
    crowd.connects.fetch_add(connect.connects(), std::memory_order_relaxed);
    if (connect.local_failures() > 0)
      crowd.local_failures.fetch_add(connect.local_failures(), std::memory_order_relaxed);
  }
  const int left = crowd.threads.fetch_sub(1) - 1;
  if (left <= crowd.wake_at.load()) crowd.threads.notify_one();
  return nullptr;
}

void wait_until_left(int left) {
  crowd.wake_at = left;
  for (int threads = crowd.threads; threads > left; threads = crowd.threads) crowd.threads.wait(threads);
}

/// Makes the thread, waiting for others to end where the system refuses. False: it never can.
bool make_thread(const pthread_attr_t& attributes, uint64_t i, ModelRun& run) {
  ++crowd.threads;
  for (int pauses = 0; pauses < max_pauses;) {
    const int threads = crowd.threads;
    pthread_t thread;
    if (pthread_create(&thread, &attributes, connect_one, reinterpret_cast<void*>(static_cast<uintptr_t>(i))) == 0) {
      run.peak_threads = std::max<uint64_t>(run.peak_threads, static_cast<uint64_t>(threads) + 1);
      return true;
    }
    ++run.threads_refused;
    const int others = crowd.threads - 1;
    if (others > 0) {
      wait_until_left(others);  // this one is counted already: `others` are left when one has ended
    } else {
      std::this_thread::sleep_for(pause);
      ++pauses;
    }
  }
  --crowd.threads;
  return false;
}

/// A thread that finds no descriptor left waits for one: so many have a connect outstanding, at most.
uint64_t max_descriptors() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : UINT64_MAX;
}

}  // namespace

ModelRun run_thread_per_connection(const ModelScan& scan, VerdictSheet& sheet) {
  crowd.scan = &scan;
  crowd.sheet = &sheet;
  crowd.source = source_for(scan);
  crowd.connects = 0;
  crowd.local_failures = 0;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  // With guard pages each stack is two memory maps, and max_map_count bounds the threads; without, stacks that
  // are neighbours are one. Nothing here is deep enough to need the guard.
  pthread_attr_setguardsize(&attributes, 0);
  ModelRun run;
  for (uint32_t pass = 0; pass <= scan.retries; ++pass) {
    bool asked = false;
    crowd.wake_at = -1;  // nobody waits
    for (uint64_t i = 0; i < scan.size(); ++i) {
      if (pass > 0 && sheet.said(scan.at(i).number) != Said::silent) continue;
      asked = true;
      if (!make_thread(attributes, i, run)) sheet.take(scan.at(i).number, Said::unknown, 0);
      crowd.wake_at = -1;
    }
    wait_until_left(0);
    if (!asked) break;
  }
  pthread_attr_destroy(&attributes);
  run.connects = crowd.connects;
  run.local_failures = crowd.local_failures;
  run.peak_in_flight = run.peak_descriptors = std::min(run.peak_threads - 1, max_descriptors());
  return run;
}

}  // namespace portloop
