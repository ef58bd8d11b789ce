// The interface of the concurrency models. A model is a function that takes a ModelScan, fills a VerdictSheet and
// returns a ModelRun. All models share the order, the classifier, the timeout and the socket options; they differ in
// how they wait.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/probe_result.hpp"
#include "core/target_set.hpp"
#include "models/recording.hpp"

namespace portloop {

/// What is scanned. Immutable, so any thread may read it. The sets must outlive it.
struct ModelScan {
  const TargetSet& targets;
  const PortSet& ports;
  ProbeOrder order;      ///< targets.size() x ports.size()
  uint32_t timeout_ms;   ///< How long each connect waits, 1-600,000.
  uint32_t retries = 0;  ///< How many further passes probe the silent ports again.

  // Only for a run that is recorded, and not measured:
  uint64_t max_probes = UINT64_MAX;  ///< Only the first ones of the order are made.
  Recording* recording = nullptr;

  uint64_t size() const { return std::min(order.size(), max_probes); }
  /// False once the time of a recorded run is over: no more probes are started.
  bool goes_on() const { return recording == nullptr || !recording->expired(); }
  struct Probe {
    uint64_t number;  ///< In address and port order, whatever the seed.
    Endpoint endpoint;
  };
  /// Returns the i-th probe of the order.
  Probe at(uint64_t i) const {
    const ProbeOrder::Position position = order.at(i);
    return {position.host * ports.size() + position.port, {targets.at(position.host), ports.at(position.port)}};
  }
};

/// The results of a run: 5 bytes (a state and a uint32_t) for each probe, allocated and touched before the clock
/// starts. Threads may set different probes at the same time without a lock.
class VerdictSheet {
 public:
  explicit VerdictSheet(uint64_t probes)
      : size_(probes), states_(std::make_unique<ProbeState[]>(probes)), rtt_us_(std::make_unique<uint32_t[]>(probes)) {}

  void set(uint64_t number, ProbeState state, uint64_t rtt_us) {
    states_[number] = state;
    rtt_us_[number] = rtt_us > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(rtt_us);
  }
  uint64_t size() const { return size_; }
  ProbeState state(uint64_t number) const { return states_[number]; }
  /// In microseconds; 0 if there was no answer.
  uint32_t rtt_us(uint64_t number) const { return rtt_us_[number]; }

 private:
  uint64_t size_;
  std::unique_ptr<ProbeState[]> states_;
  std::unique_ptr<uint32_t[]> rtt_us_;
};

/// What a model counts during its run.
struct ModelRun {
  uint64_t connects = 0;          ///< Connect calls for probes, including retries and confirmations.
  uint64_t local_failures = 0;    ///< Connects repeated because a local resource was exhausted.
  uint64_t peak_in_flight = 0;    ///< Maximum number of connects in flight.
  uint64_t peak_threads = 1;      ///< Including the calling thread.
  uint64_t peak_descriptors = 0;  ///< Only those that the model opened.
  uint64_t threads_refused = 0;   ///< How many times the system refused to make a thread.
};

/// One thread, one connect at a time, one recycled socket.
ModelRun run_sequential(const ModelScan& scan, VerdictSheet& sheet);

/// A thread for each probe, without a limit. If the system refuses to create one, waits until another ends.
ModelRun run_thread_per_connection(const ModelScan& scan, VerdictSheet& sheet);

/// `threads` threads, 1-65,536, including the calling one, each with a recycled socket. They draw probes from one
/// counter. If the system refuses some of them, the others do the work.
ModelRun run_thread_pool(const ModelScan& scan, VerdictSheet& sheet, uint32_t threads);

}  // namespace portloop
