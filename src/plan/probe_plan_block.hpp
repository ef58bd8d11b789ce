// The plan's memory of one block of the order, while any of its probes is unfinished. Included by the
// plan's own files only.
#pragma once

#include <algorithm>

#include "plan/probe_plan.hpp"

namespace portloop {

/// What a port that answered is good for as a check of what is lost. In this order: a RST costs its host nothing; a
/// connection is logged, and a server that counts them may shut us out.
enum class Answerer : uint8_t { unknown, open, closed };

/// A uniform sample of probes (Vitter's algorithm R, 1985).
class ProbeSample {
 public:
  void add(uint32_t probe) {
    const auto places = static_cast<uint32_t>(probes_.size());
    const uint32_t seen = seen_++;
    const auto place = seen < places ? seen : static_cast<uint32_t>(mix64(probe) % (uint64_t{seen} + 1));
    if (place < places) probes_[place] = probe;
  }
  uint32_t size() const { return std::min<uint32_t>(seen_, static_cast<uint32_t>(probes_.size())); }
  /// Only where there is one.
  uint32_t pick(uint64_t random) const { return probes_[random % size()]; }

 private:
  std::array<uint32_t, 64> probes_{};
  uint32_t seen_ = 0;
};

/// What one loop knows of one host: under 64 bytes, because thousands are live at once.
struct ProbePlan::Host {
  uint64_t target = 0;  // its number in the target set
  uint64_t last_answer_us = 0;
  RttEstimator rtt;
  uint32_t min_rtt_us = UINT32_MAX;
  uint32_t answers = 0;          // ports that answered
  uint32_t rescued = 0;          // of them, in a pass after the first
  uint32_t first_asks = 0;       // fresh asks that have ended
  float doubt = 0;               // answers that were expected since the last one, and did not come
  uint32_t answerer = no_probe;  // a probe of it that is known to answer
  Answerer answerer_is = Answerer::unknown;
  uint8_t open_checks_left = 0;  // of this pass
  uint16_t passes_void = 0;      // passes that don't count, because it was away
  bool suspended = false;
  bool lost = false;
  bool stopped = false;  // it has enough open ports
  uint32_t open = 0;     // ports found open by this loop

  static constexpr uint32_t no_probe = UINT32_MAX;
};

/// A host that answered and has gone silent: asked again at 1, 2, 4, 8, 8... s.
struct Suspension {
  uint32_t host;
  uint64_t since_us;
  uint64_t next_check_us;
  uint64_t interval_us;
};

struct ProbePlan::Block {
  Block(const ScanSpace& space, uint64_t block_number)
      : number(block_number),
        order(space.order, block_number),
        first_index(block_number * space.order.block_size()),
        first_position(space.shard.first_position_at_or_after(first_index)),
        ledger(probe_count(space)),
        asked_now(ledger.size()),
        hosts(space.order.hosts_in_block(block_number)),
        sweep(std::max(1U, ledger.size()), block_number) {
    for (uint32_t host = 0; host < hosts.size(); ++host) hosts[host].target = order.host(host);
  }

  uint32_t probe_count(const ScanSpace& space) const {
    const uint64_t probes = uint64_t{space.order.hosts_in_block(number)} * space.order.ports();
    const uint64_t end = std::min(space.shard.first_position_at_or_after(first_index + probes), space.size());
    return static_cast<uint32_t>(end - first_position);
  }

  ProbeOrder::Block::Local local(const ScanSpace& space, uint32_t probe) const {
    return order.at(space.shard.index_at(first_position + probe) - first_index);
  }

  enum class Phase : uint8_t {
    drawing,    // fresh probes come in
    sweeping,   // the silent ones are asked again
    settling,   // everything of this pass is asked; answers or deadlines are awaited
    reporting,  // silence is the verdict
  };

  uint64_t number;
  uint32_t place = 0;  // in the plan's list: what an ask calls its block
  ProbeOrder::Block order;
  uint64_t first_index;     // in the order
  uint64_t first_position;  // in the shard
  ProbeLedger ledger;
  std::vector<bool> asked_now;  // in flight, and so not to be asked by the next pass
  std::vector<Host> hosts;
  Permutation sweep;  // in which order this pass asks, another one for each pass
  uint32_t sweep_at = 0;
  Phase phase = Phase::drawing;
  uint32_t pass = 1;
  bool skipped_some = false;  // this pass passed over probes that were in flight: one more, for them
  bool all_retry = false;     // this pass asks every silent port, not only those of hosts that lose much
  uint32_t in_flight = 0;
  uint32_t unfinished = 0;  // drawn, and without a result
  uint32_t asks_to_next_check = 0;
  uint32_t checks_due = 0;    // of this pass, before it may end
  uint32_t empty_passes = 0;  // in a row, that found nothing
  LossEstimate loss;
  std::vector<Suspension> suspensions;
  ProbeSample open_answerers, closed_answerers;
};

}  // namespace portloop
