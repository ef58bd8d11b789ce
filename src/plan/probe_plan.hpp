// What to ask next, what to ask again, and when a silent port may be called filtered. Pure: it is told the
// time and what was seen, and says what to do; a test can play the network.
//
// Happy path: next() draws fresh probes from the shared cursor, block by block; each is asked once and
// answered. When a block is drawn and nothing of it is in flight, its silent ports are asked again in
// another order (a pass), until so few answers can be missing that silence is a verdict (LossEstimate);
// then each silent port is reported and the block forgotten.
//
// What goes wrong, and what happens then:
//   - a probe fails on our side        -> put_back(): it is asked again after a pause, with fewer in flight;
//                                         only when that never ends is it reported, as unknown
//   - a host that answered goes silent -> it is suspended, one of its known answerers is asked at 1, 2, 4, 8 s...;
//                                         back: what it was asked meanwhile does not count; gone: host-lost, unknown
//   - answers get fewer as we speed up -> ProbeWindow shrinks, or spaces the probes
//   - a host has stop_after open ports -> its probes that have no result end without one; they are counted
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/finished_set.hpp"
#include "core/port_set.hpp"
#include "core/probe_order.hpp"
#include "core/probe_result.hpp"
#include "core/target_set.hpp"
#include "plan/loss_estimate.hpp"
#include "plan/probe_ledger.hpp"
#include "plan/probe_window.hpp"

namespace portloop {

/// What is scanned, shared by the loops. Immutable.
struct ScanSpace {
  ScanSpace(TargetSet target_set, PortSet port_set, Order order_kind, uint64_t seed, Shard part,
            std::vector<PositionRange> finished_before = {})
      : targets(std::move(target_set)),
        ports(std::move(port_set)),
        order(targets.size(), ports.size(), order_kind, seed),
        shard(part),
        finished(merged_ranges(std::move(finished_before))) {}

  TargetSet targets;
  PortSet ports;
  ProbeOrder order;
  Shard shard;
  /// Positions of the shard that an earlier run finished: never asked.
  std::vector<PositionRange> finished;
  uint64_t size() const { return shard.size_of(order.size()); }
  /// How many of them.
  uint64_t finished_count() const;
  /// The first position from `position` on that no earlier run finished; size() or more where there is none.
  uint64_t first_unfinished(uint64_t position) const;
};

/// What the loops share: from where they draw, a chunk at a time, and what they learn of the network.
struct ProbeCursor {
  ProbeCursor() = default;
  /// Begins behind what an earlier run finished.
  explicit ProbeCursor(const ScanSpace& space) : next_position(std::min(space.first_unfinished(0), space.size())) {}
  static constexpr uint32_t chunk = 256;
  std::atomic<uint64_t> next_position{0};
  SharedPace pace;
  SharedAnswers answers;  ///< Of a scan that is one block.
};

struct PlanOptions {
  bool adaptive = true;             ///< false: every ask waits timeout_ms, the window is max_in_flight.
  uint32_t timeout_ms = 1000;       ///< The longest an ask may wait.
  std::optional<uint32_t> retries;  ///< How often a silent port is asked again; adaptive where not set.
  uint32_t max_in_flight = 1000;
  double rate_per_s = 0;    ///< 0: no limit.
  uint32_t stop_after = 0;  ///< A host with this many open ports is asked no more; 0: never.
};

/// One connect to be made. Kept by whoever makes it, and handed back with what came of it.
struct Ask {
  Endpoint endpoint;
  uint64_t position = 0;    ///< In the shard's order.
  uint32_t block = 0;       ///< Which live block.
  uint32_t probe = 0;       ///< Which of its probes.
  uint32_t host = 0;        ///< Which of its hosts.
  uint64_t serial = 0;      ///< In the window.
  uint32_t timeout_us = 0;  ///< The longest it may wait: ProbePlan::timeout_now_us() may say less later.
  uint8_t attempt = 1;
  uint8_t pass = 1;  ///< The block's, when it was asked.
  ProbeKind kind = ProbeKind::fresh;
  uint8_t local_failures = 0;  ///< How often it could not even be asked.
  uint8_t anomalies = 0;       ///< How often the answer made no sense: the caller counts, and repeats it.
  uint8_t confirmations = 0;   ///< How often it was seen open, from how many source ports: likewise.
};

class ProbePlan {
 public:
  enum class Step : uint8_t {
    ask,       ///< Make `ask`.
    report,    ///< `report` is final: no answer came, or the probe could not be made.
    again,     ///< Nothing yet, but call again soon: a long search was cut so that the loop can breathe.
    wait,      ///< Nothing until `wait_until_us`, or until an ask ends.
    finished,  ///< Every probe has its result.
  };
  struct Next {
    Step step = Step::wait;
    Ask ask;
    ProbeResult report;
    uint64_t wait_until_us = 0;  ///< UINT64_MAX: only an ask that ends can change anything.
  };

  /// `space` and `cursor` outlive the plan. Not thread-safe: each loop has its own plan.
  ProbePlan(const ScanSpace& space, ProbeCursor& cursor, const PlanOptions& options);
  ~ProbePlan();

  Next next(uint64_t now_us);

  /// How long this ask is to wait, by what is known now: less than it was told where its host has answered since.
  uint32_t timeout_now_us(const Ask& ask) const;
  /// No ask that adapts has to be looked at before; an earlier deadline is the user's.
  static constexpr uint32_t min_timeout_us = 200'000;

  // Each ask ends in exactly one of these.
  /// The port answered, or the path answered for it (then `state` is filtered, and the round-trip time nobody's); final.
  /// `rtt_us` is 0 where it is no sample (Karn).
  void answered(const Ask& ask, PortState state, uint64_t rtt_us, uint64_t now_us);
  /// No answer within ask.timeout_us.
  void silent(const Ask& ask, uint64_t now_us);
  /// Our own side failed; asked again later. `descriptors` when it was a descriptor that lacked.
  void put_back(const Ask& ask, int error_number, bool descriptors, uint64_t now_us);
  /// The answer was in doubt: the same ask comes again, at once, with the counts that the caller gave it.
  void repeat(const Ask& ask);
  /// It can't be asked from here; the caller reports it. Final.
  void given_up(const Ask& ask);

  /// Whether answers have come that nobody has looked at yet: this side is busy, and more in flight would only wait.
  void answers_wait(bool wait) { window_.answers_wait(wait); }

  uint32_t in_flight() const { return in_flight_; }
  /// Probes that ended without a result, because their host had enough open ports.
  uint64_t not_asked() const { return not_asked_; }
  const ProbeWindow& window() const { return window_; }

 private:
  struct Host;
  struct Block;
  struct PutBack {
    Ask ask;
    int error_number;
  };

  bool may_send(uint64_t now_us) const;
  bool next_put_back(uint64_t now_us, Next& next);
  bool next_of_block(Block& block, uint64_t now_us, Next& next);
  bool next_recovery_check(Block& block, uint64_t now_us, Next& next);
  bool next_retry(Block& block, uint64_t now_us, Next& next);
  bool next_report(Block& block, Next& next);
  bool next_fresh(uint64_t now_us, Next& next);
  bool no_work_left() const;
  uint64_t wake_time_us(uint64_t now_us) const;

  void fill_ask(Block& block, uint32_t probe, ProbeKind kind, uint64_t now_us, Next& next);
  void fill_check(Block& block, uint32_t probe, uint64_t now_us, Next& next);
  void send(Ask& ask, uint64_t now_us);
  uint32_t timeout_us(const Host& host, uint32_t attempt) const;

  bool block_for_drawing(uint64_t position);
  void open_block(uint64_t number);
  void drawing_ended();
  bool pass_ended(Block& block);
  bool start_pass(Block& block);
  bool another_pass(const Block& block, uint32_t empty_passes) const;
  bool checks_are_scarce(const Block& block) const;
  static uint32_t probe_to_check(Block& block, Host& host, uint64_t random);
  static uint32_t probe_to_check_last(Block& block, const ScanSpace& space, uint64_t random);
  bool may_overlap(const Block& block) const;
  bool wants_retry(const Block& block, const Host& host) const;
  void forget(Block& block);

  Block& ended(const Ask& ask);
  void path_answered(const Ask& ask);
  void note_answer(Block& block, uint32_t host, uint64_t now_us);
  void note_silence(Block& block, uint32_t host, double expected_answers, uint64_t now_us);

  const ScanSpace& space_;
  ProbeCursor& cursor_;
  PlanOptions options_;
  ProbeWindow window_;

  std::vector<std::unique_ptr<Block>> blocks_;  // live ones; an ask's `block` is an index, freed ones are null
  uint32_t drawing_ = no_block;                 // the block that fresh probes are drawn into
  uint32_t turn_ = 0;                           // which live block is served next
  uint64_t live_hosts_ = 0;
  uint64_t live_probes_ = 0;
  uint64_t chunk_next_ = 0;  // shard positions drawn but not asked
  uint64_t chunk_end_ = 0;
  bool drawn_all_ = false;

  std::vector<PutBack> put_back_;
  uint64_t pause_until_us_ = 0;
  uint32_t steps_left_ = 0;  // of this call of next()
  uint32_t in_flight_ = 0;
  uint64_t not_asked_ = 0;
  double in_flight_cap_;

  static constexpr uint32_t no_block = UINT32_MAX;
};

}  // namespace portloop
