// A fixed number of threads, each with one connect at a time. They draw probes from one counter: an atomic addition
// each, no lock and no queue.
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "models/blocking_connect.hpp"
#include "models/model.hpp"

namespace portloop {
namespace {

class ThreadPool {
 public:
  ThreadPool(const ModelScan& scan, VerdictSheet& sheet, uint32_t threads)
      : scan_(scan), sheet_(sheet), source_(source_for(scan)), wanted_(threads) {}

  ModelRun run() {
    for (uint32_t pass = 0; pass <= scan_.retries; ++pass) {
      next_ = 0;
      asked_ = false;
      std::vector<std::thread> others;
      others.reserve(wanted_ - 1);
      while (others.size() + 1 < wanted_ && next_ < scan_.size()) {
        try {
          others.emplace_back([this, pass] { draw(pass); });
        } catch (const std::system_error&) {
          ++run_.threads_refused;
          break;  // the threads that exist do the work
        }
      }
      run_.peak_threads = std::max<uint64_t>(run_.peak_threads, others.size() + 1);
      draw(pass);
      for (std::thread& thread : others) thread.join();
      if (!asked_) break;
    }
    run_.peak_in_flight = run_.peak_descriptors = run_.peak_threads;
    return run_;
  }

 private:
  void draw(uint32_t pass) {
    BlockingConnect connect(source_, scan_.timeout_ms);
    for (uint64_t i = next_.fetch_add(1, std::memory_order_relaxed); i < scan_.size();
         i = next_.fetch_add(1, std::memory_order_relaxed)) {
      const ModelScan::Probe probe = scan_.at(i);
      if (pass > 0 && sheet_.state(probe.number) != ProbeState::silent) continue;
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
  alignas(64) std::atomic<uint64_t> next_{0};  // every thread writes it: not on a cache line that all only read
  alignas(64) std::mutex mutex_;               // guards what follows, when a thread ends
  bool asked_ = false;
  ModelRun run_;
};

}  // namespace

ModelRun run_thread_pool(const ModelScan& scan, VerdictSheet& sheet, uint32_t threads) {
  return ThreadPool(scan, sheet, threads).run();
}

}  // namespace portloop
