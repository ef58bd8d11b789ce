// What every concurrency model is given and gives back. A model is a function from a ModelScan to a ModelRun
// that fills a VerdictSheet; models share the order, the classifier, the timeout, the socket options and the
// sheet, and differ in how they wait.
#pragma once

#include <cstdint>
#include <memory>

#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/probe_result.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// What is scanned. Immutable: safe to read from any thread. The sets outlive it.
struct ModelScan {
  const TargetSet& targets;
  const PortSet& ports;
  ProbeOrder order;      ///< targets.size() x ports.size()
  uint32_t timeout_ms;   ///< Each connect waits this long, 1-600,000.
  uint32_t retries = 0;  ///< Silent ports are asked again in so many further passes.

  uint64_t size() const { return order.size(); }
  /// The i-th probe of the order: its number in address and port order, whatever the seed, and its endpoint.
  struct Probe {
    uint64_t number;
    Endpoint endpoint;
  };
  Probe at(uint64_t i) const {
    const ProbeOrder::Position position = order.at(i);
    return {position.host * ports.size() + position.port, {targets.at(position.host), ports.at(position.port)}};
  }
};

/// What is said of one probe. `silent` is filtered for want of an answer.
enum class Said : uint8_t { nothing, open, closed, filtered, silent, unknown };

/// Every model's sink: five bytes a probe, allocated and touched before the clock starts. Threads may write
/// different probes at once; no lock is needed.
class VerdictSheet {
 public:
  explicit VerdictSheet(uint64_t probes)
      : size_(probes), said_(std::make_unique<Said[]>(probes)), rtt_us_(std::make_unique<uint32_t[]>(probes)) {}

  void take(uint64_t number, Said said, uint64_t rtt_us) {
    said_[number] = said;
    rtt_us_[number] = rtt_us > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(rtt_us);
  }
  uint64_t size() const { return size_; }
  Said said(uint64_t number) const { return said_[number]; }
  /// 0 where no answer came.
  uint32_t rtt_us(uint64_t number) const { return rtt_us_[number]; }

 private:
  uint64_t size_;
  std::unique_ptr<Said[]> said_;
  std::unique_ptr<uint32_t[]> rtt_us_;
};

/// What a model knows about its own run.
struct ModelRun {
  uint64_t connects = 0;          ///< Connect calls for probes, retries and confirmations included.
  uint64_t local_failures = 0;    ///< Connects put back because this machine lacked something.
  uint64_t peak_in_flight = 0;    ///< Connects outstanding at once, at most.
  uint64_t peak_threads = 1;      ///< The calling thread included.
  uint64_t peak_descriptors = 0;  ///< Opened by the model.
  uint64_t threads_refused = 0;   ///< How often the system refused to make a thread.
};

/// One thread, one connect at a time, one recycled socket.
ModelRun run_sequential(const ModelScan& scan, VerdictSheet& sheet);

/// A thread for each probe, without a bound. Where the system refuses to make one, it waits for another to end.
ModelRun run_thread_per_connection(const ModelScan& scan, VerdictSheet& sheet);

/// `threads` threads, the calling one among them, each with a recycled socket; they draw probes from one
/// counter. 1-65,536; where the system refuses some, the others do it.
ModelRun run_thread_pool(const ModelScan& scan, VerdictSheet& sheet, uint32_t threads);

}  // namespace portloop
