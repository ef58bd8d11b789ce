// A fixed number of threads, each with one connect at a time. They draw probes from one counter: an atomic addition
// each, no lock and no queue.
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "models/blocking_connect.hpp"
#include "models/model.hpp"
#include "models/small_stack.hpp"
#include "sockets/descriptor_table.hpp"

namespace portloop {
namespace {

class ThreadPool {
 public:
  ThreadPool(const ModelScan& scan, VerdictSheet& sheet, uint32_t threads)
      : scan_(scan), sheet_(sheet), source_(source_for(scan)), wanted_(threads) {}

  ModelRun run() {
    grow_descriptor_table(wanted_);
    for (pass_ = 0; pass_ <= scan_.retries; ++pass_) {
      next_ = 0;
      next_thread_ = 1;
      asked_ = false;
      const std::vector<pthread_t> others = start_threads();
      run_.peak_threads = std::max<uint64_t>(run_.peak_threads, others.size() + 1);
      draw(0);
      for (const pthread_t thread : others) pthread_join(thread, nullptr);
      if (!asked_) break;
    }
    run_.peak_descriptors = in_flight_.peak_sockets();
    run_.peak_in_flight = in_flight_.peak();
    return run_;
  }

 private:
  std::vector<pthread_t> start_threads() {
    std::vector<pthread_t> threads;
    threads.reserve(wanted_ - 1);
    const SmallStack stack(PTHREAD_CREATE_JOINABLE);
    while (threads.size() + 1 < wanted_ && next_ < scan_.size()) {
      pthread_t thread;
      if (pthread_create(&thread, stack.get(), draw_in_thread, this) != 0) {
        ++run_.threads_refused;
        break;  // the threads that exist do the work
      }
      threads.push_back(thread);
    }
    return threads;
  }

  static void* draw_in_thread(void* pool) {
    auto* self = static_cast<ThreadPool*>(pool);
    self->draw(self->next_thread_.fetch_add(1, std::memory_order_relaxed));
    return nullptr;
  }

  void draw(uint32_t thread) {
    BlockingConnect connect(source_, scan_.timeout_ms, in_flight_);
    connect.record(scan_.recording, thread);
    for (uint64_t i = next_.fetch_add(1, std::memory_order_relaxed); i < scan_.size() && scan_.goes_on();
         i = next_.fetch_add(1, std::memory_order_relaxed)) {
      const ModelScan::Probe probe = scan_.at(i);
      if (pass_ > 0 && sheet_.state(probe.number) != ProbeState::silent) continue;
      connect.probe(probe, sheet_);
    }
    const std::lock_guard lock(mutex_);
    asked_ = asked_ || connect.connects() > 0;
    run_.connects += connect.connects();
    run_.local_failures += connect.local_failures();
  }

  const ModelScan& scan_;
  VerdictSheet& sheet_;
  const std::optional<Address> source_;
  const uint32_t wanted_;
  uint32_t pass_ = 0;  // written only while there is no other thread
  InFlight in_flight_;
  alignas(64) std::atomic<uint64_t> next_{0};  // every thread writes it: not on a cache line that all only read
  std::atomic<uint32_t> next_thread_{1};       // numbers the threads; the calling one is 0
  alignas(64) std::mutex mutex_;               // guards what follows, when a thread ends
  bool asked_ = false;
  ModelRun run_;
};

}  // namespace

ModelRun run_thread_pool(const ModelScan& scan, VerdictSheet& sheet, uint32_t threads) {
  return ThreadPool(scan, sheet, threads).run();
}

}  // namespace portloop
