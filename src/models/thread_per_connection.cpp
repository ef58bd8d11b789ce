// A thread for each connect, as many at once as the system allows.
//
// Happy path: the calling thread creates a detached thread for each probe, which connects, stores its result and ends.
// After the last one the calling thread waits until all have ended.
//
// What goes wrong:
//   - the system refuses to create a thread (threads-max, a cgroup's limit, memory maps): it is counted, and tried
//     again when another thread ends. That thread may not be quite gone yet: then after a pause.
//   - out of descriptors: BlockingConnect pauses and retries, while other threads end
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "models/blocking_connect.hpp"
#include "models/model.hpp"
#include "models/small_stack.hpp"
#include "sockets/descriptor_table.hpp"

namespace portloop {
namespace {

// How many times to try again if the system refuses a thread although none of ours is left.
constexpr int max_pauses = 10'000;
constexpr std::chrono::milliseconds pause{1};

struct Crowd {
  const ModelScan* scan = nullptr;
  VerdictSheet* sheet = nullptr;
  std::optional<Address> source;
  std::atomic<uint32_t> next_thread{0};  // numbers the threads of a recorded run
  std::atomic<int> threads{0};
  std::atomic<int> wake_at{0};  // the calling thread is woken when at most this many threads are left
  InFlight* in_flight = nullptr;
  std::atomic<uint64_t> connects{0};
  std::atomic<uint64_t> local_failures{0};
};

// Static, because the last thread wakes the caller after it has counted itself out, when the caller may have returned.
Crowd crowd;

void* connect_one(void* argument) {
  {
    BlockingConnect connect(crowd.source, crowd.scan->timeout_ms, *crowd.in_flight);
    if (crowd.scan->recording != nullptr) connect.record(crowd.scan->recording, crowd.next_thread.fetch_add(1));
    connect.probe(crowd.scan->at(reinterpret_cast<uintptr_t>(argument)), *crowd.sheet);
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

/// Creates the thread; if the system refuses, waits for others to end. Returns false if that does not help.
bool make_thread(const SmallStack& stack, uint64_t i, ModelRun& run) {
  ++crowd.threads;
  for (int pauses = 0; pauses < max_pauses;) {
    const int threads = crowd.threads;
    pthread_t thread;
    if (pthread_create(&thread, stack.get(), connect_one, reinterpret_cast<void*>(static_cast<uintptr_t>(i))) == 0) {
      run.peak_threads = std::max<uint64_t>(run.peak_threads, static_cast<uint64_t>(threads) + 1);
      return true;
    }
    ++run.threads_refused;
    const int others = crowd.threads - 1;
    if (others > 0) {
      wait_until_left(others);  // the new thread is counted already, so `others` are left when one ends
    } else {
      std::this_thread::sleep_for(pause);
      ++pauses;
    }
  }
  --crowd.threads;
  return false;
}

}  // namespace

ModelRun run_thread_per_connection(const ModelScan& scan, VerdictSheet& sheet) {
  crowd.scan = &scan;
  crowd.sheet = &sheet;
  crowd.source = source_for(scan);
  crowd.next_thread = 0;
  crowd.connects = 0;
  crowd.local_failures = 0;
  InFlight in_flight;
  crowd.in_flight = &in_flight;
  grow_descriptor_table(scan.size());
  const SmallStack stack(PTHREAD_CREATE_DETACHED);
  ModelRun run;
  for (uint32_t pass = 0; pass <= scan.retries; ++pass) {
    bool asked = false;
    crowd.wake_at = -1;  // the calling thread does not wait
    for (uint64_t i = 0; i < scan.size() && scan.goes_on(); ++i) {
      if (pass > 0 && sheet.state(scan.at(i).number) != ProbeState::silent) continue;
      asked = true;
      if (!make_thread(stack, i, run)) sheet.set(scan.at(i).number, ProbeState::unknown, 0);
      crowd.wake_at = -1;
    }
    wait_until_left(0);
    if (!asked) break;
  }
  run.connects = crowd.connects;
  run.local_failures = crowd.local_failures;
  run.peak_in_flight = in_flight.peak();
  run.peak_descriptors = in_flight.peak_sockets();
  return run;
}

}  // namespace portloop
