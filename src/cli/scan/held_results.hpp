// Unknown results of a scan that keeps a checkpoint. They are written at the end, behind what the last checkpoint
// covers, so that a resumed scan, which probes those ports again, can replace them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/probe_result.hpp"
#include "core/target_set.hpp"

namespace portloop {

/// 24 bytes for each result: its endpoint is computed from its position again.
class HeldResults {
 public:
  void add(const ProbeResult& probe, int64_t time_us);
  bool empty() const { return held_.empty(); }
  std::vector<uint64_t> sorted_positions() const;

  /// Calls `write(probe, time_us)` for each, in the order in which they were added. The scan is that of its results.
  template <class Write>
  void for_each(const TargetSet& targets, const PortSet& ports, Order order, uint64_t seed, const Shard& shard,
                Write write) const {
    const ProbeOrder probes(targets.size(), ports, order, seed);
    for (const Held& held : held_) {
      const ProbeOrder::Position at = probes.at(shard.index_at(held.position));
      write(result_of(held, {targets.at(at.host), ports.at(at.port)}), held.time_us);
    }
  }

 private:
  struct Held {
    uint64_t position;
    int64_t time_us;
    uint32_t attempts;
    int16_t error_number;
    Reason reason;
  };
  static_assert(sizeof(Held) == 24);

  static ProbeResult result_of(const Held& held, const Endpoint& endpoint);

  std::vector<Held> held_;
};

}  // namespace portloop
